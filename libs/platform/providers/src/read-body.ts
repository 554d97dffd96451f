import type { EgressAnswer } from '@strongroom/egress';

const MAX_DEPTH = 32;

/** A provider's body as a value; undefined if it is none that we read. */
export function readBody(answer: Pick<EgressAnswer, 'headers' | 'body'>, formats: readonly string[]): unknown {
  const text = answer.body.toString('utf8').trim();
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text, keepDigits as Parameters<typeof JSON.parse>[1]);
    return typeof value === 'object' && value !== null && isShallow(value, MAX_DEPTH) ? value : undefined;
  } catch {
    return formats.includes('form') && !isHtml(answer.headers) ? readForm(text) : undefined;
  }
}

/** Numbers that would be rounded stay as they were written: ids of accounts are among them. */
export function keepDigits(name: string, value: unknown, context: { source?: string }): unknown {
  if (name === '__proto__') return undefined;
  return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source ?? '')
    ? context.source
    : value;
}

const isShallow = (value: unknown, levels: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1)));

const isHtml = (headers: Record<string, string>): boolean => /\bhtml\b/i.test(headers['content-type'] ?? '');

function readForm(text: string): Record<string, string> | undefined {
  if (!text.includes('=') || text.startsWith('<')) return undefined;
  return Object.fromEntries(new URLSearchParams(text));
}
