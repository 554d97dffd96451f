import type { Request } from './http.js';

export interface Members {
  /** How they were sent; null: there is no body of a kind that has members. */
  encoding: 'form' | 'json' | null;
  /** Null if a member is there twice or is no text. */
  values: Record<string, string> | null;
}

/** What a body says, by its content type. */
export function membersOf({ headers, body }: Request): Members {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') {
    const form = new URLSearchParams(body);
    const isUnique = new Set(form.keys()).size === [...form.keys()].length;
    return { encoding: 'form', values: isUnique ? Object.fromEntries(form) : null };
  }
  return type === 'application/json'
    ? { encoding: 'json', values: textsIn(body) }
    : { encoding: null, values: body === '' ? {} : null };
}

function textsIn(body: string): Record<string, string> | null {
  const value = parsed(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const entries = Object.entries(value).map(([name, one]) => [name, String(one)] as const);
  return Object.values(value).some((one) => typeof one === 'object') ? null : Object.fromEntries(entries);
}

/** Undefined if it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export const formDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
};
