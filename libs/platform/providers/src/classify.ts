import { isDeepStrictEqual } from 'node:util';
import type { EgressAnswer } from '@strongroom/egress';
import { millisecondsOf } from './dates.js';
import { linear } from './linear-expression.js';
import { at, firstAt } from './pointer.js';
import type { ErrorClass, ErrorRule, Phase } from './provider-entry.js';
import type { ResolvedProvider } from './resolved-provider.js';

/** What is kept of a provider's refusal. Descriptions are matched and dropped: some repeat the token. */
export interface ProviderError {
  outcome: 'error';
  class: ErrorClass;
  code: string | null;
  /** 0: no answer came. */
  status: number;
  /** Seconds, as the provider said. */
  retryAfter: number | null;
  /** Only without an answer: whether a byte may have left. */
  sent?: 'no' | 'maybe';
  /** What the provider's support asks for. */
  correlation?: Record<string, string>;
}

export interface Refusal {
  phase: Phase;
  status?: number;
  headers?: Record<string, string>;
  /** Parsed, or undefined if nobody could. */
  body?: unknown;
  network?: boolean;
}

const CODE = /^[\w.:-]{1,64}$/;
const DESCRIPTION_CHARACTERS = 2048;

/** An answer that is no success, as the error it is. */
export function refusalOf(
  resolved: ResolvedProvider,
  phase: Phase,
  { status, headers }: Pick<EgressAnswer, 'status' | 'headers'>,
  body: unknown,
  now: Date,
): ProviderError {
  const { class: kind, code } = classify(resolved, { phase, status, headers, body });
  const correlation = correlationIn(body);
  return {
    outcome: 'error',
    class: kind,
    code,
    status,
    retryAfter: retryAfterOf(resolved, headers, now),
    ...(Object.keys(correlation).length > 0 ? { correlation } : {}),
  };
}

const correlationIn = (body: unknown): Record<string, string> =>
  Object.fromEntries(
    ['trace_id', 'correlation_id', 'request_id']
      .map((name) => [name, at(body, `/${name}`)] as const)
      .filter((one): one is [string, string] => typeof one[1] === 'string' && CODE.test(one[1])),
  );

/** The first rule that holds; without one, `malformed` for a 2xx and `unknown` for the rest. */
export function classify(resolved: ResolvedProvider, refusal: Refusal): { class: ErrorClass; code: string | null } {
  const { errors, rateLimit } = resolved.entry;
  // A redirect says it in the standard's members, wherever the provider's bodies have theirs.
  const [code, description] =
    refusal.phase === 'authorize'
      ? [
          ['/error', ...errors.code],
          ['/error_description', ...errors.description],
        ]
      : [errors.code, errors.description];
  const seen = {
    code: shortString(refusal.body, code),
    subcode: shortString(refusal.body, errors.subcode, true),
    description: textOf(firstAt(refusal.body, description)).slice(0, DESCRIPTION_CHARACTERS),
  };
  if (isExhausted(refusal, rateLimit)) return { class: 'rate_limited', code: seen.code };
  const rule = errors.rules.find((one) => holds(one.when, refusal, seen) || isLimit(one, refusal, rateLimit.statuses));
  const status = refusal.status ?? 0;
  return { class: rule?.class ?? (status >= 200 && status < 300 ? 'malformed' : 'unknown'), code: seen.code };
}

/** Whether some rule knows this answer as an error. */
export const isRefusal = (resolved: ResolvedProvider, refusal: Refusal): boolean =>
  !['malformed', 'unknown'].includes(classify(resolved, refusal).class);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A 403 with nothing left is a limit and no refusal. */
const isExhausted = ({ status, headers }: Refusal, { exhausted }: ResolvedProvider['entry']['rateLimit']): boolean =>
  status === 403 && exhausted !== undefined && isMarked(headers?.[exhausted.header.toLowerCase()], exhausted.equals);

/** Where the entry names no value, the header alone says it. */
const isMarked = (value: string | undefined, equals: string | undefined): boolean =>
  equals === undefined ? value !== undefined : value === equals;

/** The rule for limits by status, wherever it stands, holds for every status the entry names. */
const isLimit = ({ when, class: kind }: ErrorRule, { status }: Refusal, statuses: readonly number[]): boolean =>
  kind === 'rate_limited' &&
  when.status !== undefined &&
  Object.keys(when).length === 1 &&
  status !== undefined &&
  statuses.includes(status);

function holds(
  when: ErrorRule['when'],
  refusal: Refusal,
  seen: { code: string | null; subcode: string | null; description: string },
): boolean {
  if (when.network !== undefined && when.network !== (refusal.network ?? false)) return false;
  if (when.phase && !when.phase.includes(refusal.phase)) return false;
  if (when.status && !when.status.some((one) => isStatus(one, refusal.status))) return false;
  if (when.code && (seen.code === null || !when.code.includes(seen.code))) return false;
  if (when.subcode && (seen.subcode === null || !when.subcode.includes(seen.subcode))) return false;
  if (when.descriptionMatches && !linear(when.descriptionMatches, 'i').test(seen.description)) return false;
  return Object.entries(when.bodyEquals ?? {}).every(([where, value]) =>
    where.startsWith('@header:')
      ? refusal.headers?.[where.slice('@header:'.length).toLowerCase()] === String(value)
      : isDeepStrictEqual(at(refusal.body, where), value),
  );
}

/** `400`, or a class such as `5xx`. */
const isStatus = (wanted: string, status: number | undefined): boolean =>
  status !== undefined && (wanted.endsWith('xx') ? wanted[0] === String(status)[0] : wanted === String(status));

/** `isNumberToo`: some providers number what others name. */
function shortString(body: unknown, pointers: string[], isNumberToo = false): string | null {
  for (const pointer of pointers) {
    const found = at(body, pointer);
    const value = isNumberToo && typeof found === 'number' ? String(found) : found;
    if (typeof value === 'string' && CODE.test(value)) return value;
  }
  return null;
}

/** The wait the provider names, whole seconds from `now`, never negative; null if it names none. */
export function retryAfterOf(resolved: ResolvedProvider, headers: Record<string, string>, now: Date): number | null {
  for (const { header, format } of resolved.entry.rateLimit.retryAfter) {
    const value = headers[header.toLowerCase()]?.trim();
    if (!value) continue;
    const seconds = secondsFrom(value, format, now);
    if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds));
  }
  return null;
}

function secondsFrom(value: string, format: 'delta-or-date' | 'unix-s' | 'unix-ms', now: Date): number {
  const isNumber = /^-?\d+(\.\d+)?$/.test(value);
  if (format === 'delta-or-date') return isNumber ? Number(value) : (millisecondsOf(value) - now.getTime()) / 1000;
  if (!isNumber) return NaN;
  return Number(value) / (format === 'unix-ms' ? 1000 : 1) - now.getTime() / 1000;
}

/** Why the guard gave up on an answer that did come. */
const UNREADABLE = ['too_deep', 'too_large', 'invalid_answer'];

/**
 * No answer came: whether a byte of the request may have left decides what may be done next. `call`: whose rules say
 * what it means; without them it passes.
 */
export const classifyTransport = (
  failure: { readonly sent: 'no' | 'maybe'; readonly reason?: string },
  call?: { resolved: ResolvedProvider; phase: Phase },
): ProviderError => ({
  outcome: 'error',
  class: UNREADABLE.includes(failure.reason ?? '')
    ? 'malformed'
    : call
      ? classify(call.resolved, { phase: call.phase, network: true }).class
      : 'retry',
  code: null,
  status: 0,
  retryAfter: null,
  sent: failure.sent,
});
