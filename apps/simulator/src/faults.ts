import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { CUT, json, type Answer } from './http.js';
import { callPhases, type CallPhase } from './settings.js';

const milliseconds = z.number().int().min(0).default(0);

/** What goes wrong with one call. Members combine: late, then cut short. */
export const fault = z.strictObject({
  /** How many calls it applies to; null: until it is taken back. */
  times: z.number().int().min(1).nullable().default(1),
  /** Only calls of this phase; absent: exchange and refresh. */
  phase: z.enum(callPhases).optional(),
  /** Only token requests of this grant. */
  grantType: z.enum(['authorization_code', 'refresh_token']).optional(),
  /** Only calls about this person. */
  person: z.string().optional(),
  delayMsBeforeCommit: milliseconds,
  delayMsAfterCommit: milliseconds,
  /** No answer at all, the connection stays open. */
  hang: z.enum(['before', 'afterCommit']).optional(),
  /** Answered in place of the provider's own answer; nothing is issued then. */
  status: z.number().int().min(200).max(599).optional(),
  body: z.unknown().optional(),
  html: z.string().optional(),
  redirect: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  retryAfter: z.union([z.number(), z.string()]).optional(),
  /** The connection is cut: before anything happened, or when the provider has committed. */
  reset: z.enum(['before', 'afterCommit']).optional(),
  /** The provider has committed and its answer is lost. */
  dropAfterCommit: z.boolean().default(false),
  /** Only so many bytes of the answer's body come. */
  truncate: z.number().int().min(0).optional(),
  /** Blanks behind the body, in MiB. */
  fillMiB: z.number().int().min(1).max(64).optional(),
  /** The body comes in small pieces, each so late. */
  dripMs: z.number().int().min(1).optional(),
});
export type Fault = z.output<typeof fault>;

/** An answer to give as it stands to the next call of a phase. */
export const recordedAnswer = z.strictObject({
  phase: z.enum(callPhases),
  /** Null: no answer comes, the connection is cut. */
  status: z.number().int().min(200).max(599).nullable(),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.string().default(''),
  times: z.number().int().min(1).default(1),
});
export type RecordedAnswer = z.output<typeof recordedAnswer>;

const GRANT_PHASES = { authorization_code: 'exchange', refresh_token: 'refresh' } as const;

/** What was ordered for calls to come. */
export class Faults {
  private faults: Fault[] = [];
  private answers: RecordedAnswer[] = [];

  add(one: Fault): void {
    this.faults.push({ ...one });
  }

  answerWith(one: RecordedAnswer): void {
    this.answers.push({ ...one });
  }

  clear(): void {
    this.faults = [];
    this.answers = [];
  }

  nextAnswer(phase: CallPhase): Answer | typeof CUT | null {
    const found = this.answers.find((one) => one.phase === phase);
    if (!found) return null;
    found.times--;
    if (found.times === 0) this.answers = this.answers.filter((one) => one !== found);
    const { status, headers, body } = found;
    return status === null ? CUT : { status, headers, body };
  }

  /** The fault that this call meets; one use of it is gone by that. */
  next(phase: CallPhase, person: string | null): Fault | null {
    const found = this.faults.find((one) => meets(one, phase, person));
    if (!found || found.times === null) return found ?? null;
    found.times--;
    if (found.times === 0) this.faults = this.faults.filter((one) => one !== found);
    return found;
  }
}

function meets(one: Fault, phase: CallPhase, person: string | null): boolean {
  if (one.person !== undefined && one.person !== person) return false;
  if (one.grantType !== undefined) return GRANT_PHASES[one.grantType] === phase;
  return one.phase === undefined ? phase === 'exchange' || phase === 'refresh' : one.phase === phase;
}

/** One call with its fault: `commit` is what the provider does, and is not called where it never gets that far. */
export async function withFault(
  found: Fault | null,
  commit: () => Promise<Answer | typeof CUT>,
): Promise<Answer | typeof CUT> {
  if (!found) return commit();
  if (found.delayMsBeforeCommit) await sleep(found.delayMsBeforeCommit);
  if (found.reset === 'before') return CUT;
  if (found.hang === 'before') return { status: 200, headers: {}, body: '', transport: { hangs: true } };
  const instead = inPlace(found);
  if (instead) return carried(instead, found);
  const answer = await commit();
  if (found.delayMsAfterCommit) await sleep(found.delayMsAfterCommit);
  if (found.reset === 'afterCommit' || found.dropAfterCommit || answer === CUT) return CUT;
  return carried(answer, found);
}

function carried(answer: Answer, { truncate, fillMiB, dripMs, hang, headers }: Fault): Answer {
  return {
    ...answer,
    headers: { ...answer.headers, ...headers },
    transport: {
      ...(truncate === undefined ? {} : { truncateAt: truncate }),
      ...(fillMiB === undefined ? {} : { fillMiB }),
      ...(dripMs === undefined ? {} : { dripMs }),
      ...(hang === undefined ? {} : { hangs: true }),
    },
  };
}

function inPlace({ status, body, html, redirect, retryAfter }: Fault): Answer | null {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
  if (redirect !== undefined) return { status: status ?? 302, headers: { location: redirect, ...headers }, body: '' };
  if (html !== undefined)
    return { status: status ?? 200, headers: { 'content-type': 'text/html', ...headers }, body: html };
  if (status === undefined && body === undefined) return null;
  return json(status ?? 200, body ?? { error: 'server_error' }, headers);
}
