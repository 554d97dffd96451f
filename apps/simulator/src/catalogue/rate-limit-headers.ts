import type { Answer } from '../http.js';
import type { Entry } from './entry.js';

/** How long to wait, in the header and the unit this provider uses. */
export function withWait(answer: Answer, { rateLimit }: Entry, seconds: number, now: number): Answer {
  const named = rateLimit.retryAfter.map(({ header, format }) => ({ header: header.toLowerCase(), format }));
  const used = named.find(({ header }) => answer.headers[header] !== undefined) ??
    named[0] ?? { header: 'retry-after', format: 'delta-or-date' as const };
  const others = Object.entries(answer.headers).filter(([name]) => !named.some(({ header }) => header === name));
  const until = now + seconds * 1000;
  const value = { 'delta-or-date': seconds, 'unix-s': Math.ceil(until / 1000), 'unix-ms': until }[used.format];
  return { ...answer, headers: { ...Object.fromEntries(others), [used.header]: String(value) } };
}
