import { encode } from './encoding.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';

export type Values = Readonly<Record<string, string>>;

/** Known while one request is made; no entry can declare them. */
export const CALL_NAMES = ['client_id', 'client_secret', 'accessToken', 'refreshToken', 'token', 'hint'] as const;

const PLACEHOLDER = /\{([A-Za-z_][\w-]*)\}/g;
const HOST = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
const DOT_SEGMENT = /\/\.{1,2}(?=[/?#]|$)/;

export const placeholdersIn = (text: string): string[] => [...text.matchAll(PLACEHOLDER)].map(([, name]) => name!);

export const missingIn = (text: string, values: Values): string[] =>
  placeholdersIn(text).filter((name) => !Object.hasOwn(values, name));

/** @throws ConnectionMisconfiguredError where a placeholder is left over */
export const fill = (text: string, values: Values): string =>
  text.replace(PLACEHOLDER, (_, name: string) => valueOf(name, values));

export const fillAll = (texts: Readonly<Record<string, string>>, values: Values): [string, string][] =>
  Object.entries(texts).map(([name, text]) => [fill(name, values), fill(text, values)]);

/** A public client has none: what asks for it cannot be sent then. */
export const withSecret = (values: Values, clientSecret: string | null): Values =>
  clientSecret === null ? values : { ...values, client_secret: clientSecret };

/** A header that a value could split in two is never sent. */
export function fillHeaders(texts: Readonly<Record<string, string>>, values: Values): Record<string, string> {
  const headers = fillAll(texts, values);
  for (const [name, text] of headers)
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(text))
      throw new ConnectionMisconfiguredError(`the header ${name} holds characters no header may have`);
  return Object.fromEntries(headers);
}

/** Names nobody knows stay: braces are part of a query language. */
export const fillBody = (body: unknown, values: Values): string =>
  (typeof body === 'string' ? body : JSON.stringify(body)).replace(PLACEHOLDER, (whole, name: string) =>
    Object.hasOwn(values, name) ? (typeof body === 'string' ? values[name]! : jsonText(values[name]!)) : whole,
  );

const jsonText = (value: string): string => JSON.stringify(value).slice(1, -1);

/** Where in an address a placeholder stands decides what its value may hold. */
export type UrlPart = 'base' | 'host' | 'path';

export function partsOf(template: string): { name: string; part: UrlPart }[] {
  const authority = /^[a-z]+:\/\/[^/?#]*/i.exec(template)?.[0].length ?? 0;
  return [...template.matchAll(PLACEHOLDER)].map((match) => ({
    name: match[1]!,
    part: match.index === 0 ? 'base' : match.index < authority ? 'host' : 'path',
  }));
}

/**
 * No value can lead to another host or out of its path segment: in a host only letters, digits, dots and hyphens, in
 * a path or query everything else percent-encoded.
 *
 * @throws ConnectionMisconfiguredError
 */
export function fillUrl(template: string, values: Values): string {
  const parts = partsOf(template);
  let index = 0;
  const url = template.replace(PLACEHOLDER, (whole, name: string, at: number) => {
    const value = valueOf(name, values);
    const { part } = parts[index++]!;
    if (part === 'path') return encode(value);
    if (part === 'base') return base(name, value, template[at + whole.length] === '/');
    if (!HOST.test(value)) throw new ConnectionMisconfiguredError(`the value of ${name} is no part of a host`);
    return value;
  });
  if (parts.length > 0 && DOT_SEGMENT.test(url) && !DOT_SEGMENT.test(template))
    throw new ConnectionMisconfiguredError('a value would lead out of its path');
  return url;
}

function base(name: string, value: string, isContinued: boolean): string {
  const { protocol, username, password } = URL.canParse(value) ? new URL(value) : { protocol: '' };
  if (!/^https?:$/.test(protocol) || username || password || /[?#\s\\]/.test(value))
    throw new ConnectionMisconfiguredError(`the value of ${name} is not the address of a provider`);
  return isContinued ? value.replace(/\/$/, '') : value;
}

function valueOf(name: string, values: Values): string {
  if (!Object.hasOwn(values, name)) throw new ConnectionMisconfiguredError(`nothing says what ${name} is`);
  return values[name]!;
}
