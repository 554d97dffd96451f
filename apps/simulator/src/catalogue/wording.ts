import {
  classify,
  type ErrorClass,
  readIdentityAnswer,
  readRevocation,
  readTokenAnswer,
  type ResolvedProvider,
} from '@strongroom/providers';
import type { Fault, RefusalDetails } from '../dialect.js';
import type { Answer } from '../http.js';
import { parsed } from '../members.js';
import type { CallPhase } from '../settings.js';
import { casesOf, type Entry, type Part } from './entry.js';
import { textMatching } from './made-up.js';
import { isThere, put } from './pointers.js';
import { withWait } from './rate-limit-headers.js';

type Rule = Entry['errors']['rules'][number];
type Meaning = { classes: ErrorClass[]; code: string; status: number };

/** What a fault means to whoever asked, the nearest class first, and how RFC 6749 would put it. */
const MEANINGS: Record<Fault, Meaning> = {
  bad_request: { classes: ['bug'], code: 'invalid_request', status: 400 },
  bad_grant_type: { classes: ['bug'], code: 'unsupported_grant_type', status: 400 },
  bad_client: { classes: ['client_config'], code: 'invalid_client', status: 401 },
  dead_code: { classes: ['restart_flow'], code: 'invalid_grant', status: 400 },
  dead_token: { classes: ['reconnect'], code: 'invalid_grant', status: 400 },
  wide_scope: { classes: ['insufficient_scope'], code: 'invalid_scope', status: 400 },
  blocked: { classes: ['admin_blocked', 'reconnect'], code: 'invalid_grant', status: 400 },
  race: { classes: ['race', 'retry'], code: 'temporarily_unavailable', status: 503 },
  limited: { classes: ['rate_limited'], code: 'slow_down', status: 429 },
  passing: { classes: ['retry'], code: 'temporarily_unavailable', status: 503 },
};

/**
 * How a provider says no: as it was seen to, else in words that its rules of the catalogue read as what is meant, else
 * as RFC 6749 has it.
 */
export class Wording {
  private readonly known = new Map<string, Answer>();

  constructor(
    private readonly part: Part,
    private readonly now: () => number,
  ) {}

  refusal(phase: CallPhase, fault: Fault, { waitSeconds, echo }: RefusalDetails = {}): Answer {
    const key = `${phase} ${fault}`;
    const answer = this.known.get(key) ?? this.worded(phase, fault);
    this.known.set(key, answer);
    const told = waitSeconds === undefined ? answer : withWait(answer, this.part.entry, waitSeconds, this.now());
    return echo === undefined ? told : this.echoing(phase, told, echo);
  }

  private worded(phase: CallPhase, fault: Fault): Answer {
    const meaning = MEANINGS[fault];
    for (const wanted of meaning.classes) {
      const found = [...this.seen(phase, wanted), ...this.built(phase, wanted, meaning)].find(
        (answer) => this.classOf(phase, answer) === wanted,
      );
      if (found) return found;
    }
    const isApi = phase === 'identity' || phase === 'api';
    return isApi && fault === 'dead_token'
      ? answerOf(401, { error: 'invalid_token' })
      : answerOf(meaning.status, { error: meaning.code });
  }

  /** Recorded answers of this class, those to the same kind of call first, outages before dressed-up ones. */
  private seen(phase: CallPhase, wanted: ErrorClass): Answer[] {
    const rank = (one: { phase: string; response?: { status: number | null } | undefined }) =>
      (one.phase === phase ? 0 : 2) + (wanted === 'retry' && (one.response?.status ?? 0) < 500 ? 1 : 0);
    return casesOf(this.part)
      .filter((one) => one.expect['class'] === wanted && typeof one.response?.status === 'number')
      .sort((one, other) => rank(one) - rank(other))
      .map(({ response }) => ({
        status: response!.status!,
        headers: { ...response!.headers },
        body: response!.body ?? '',
      }));
  }

  private built(phase: CallPhase, wanted: ErrorClass, meaning: Meaning): Answer[] {
    const { rateLimit, errors, tokenResponse } = this.part.entry;
    const usual = wanted === 'rate_limited' ? (rateLimit.statuses[0] ?? 429) : meaning.status;
    const statuses = tokenResponse.success.length > 0 ? [200, usual] : [usual, 200];
    const isTold = ({ when }: Rule) =>
      when.network !== true && (when.phase === undefined || (when.phase as string[]).includes(phase));
    return errors.rules
      .filter((rule) => rule.class === wanted && isTold(rule))
      .flatMap((rule) => {
        const own = rule.when.status?.map((status) => Number(status.replaceAll('x', '0'))) ?? statuses;
        return own.map((status) => this.after(rule, status, meaning.code));
      });
  }

  /** An answer for which all of a rule's conditions hold. */
  private after({ when }: Rule, status: number, code: string): Answer {
    const { errors, tokenResponse } = this.part.entry;
    const body = {};
    for (const { path, equals } of tokenResponse.success) put(body, path, typeof equals === 'boolean' ? !equals : null);
    const text = when.descriptionMatches;
    if (text !== undefined && errors.description[0]) put(body, errors.description[0], textMatching(text));
    if (errors.code[0]) put(body, errors.code[0], when.code?.[0] ?? code);
    if (when.subcode && errors.subcode[0]) put(body, errors.subcode[0], when.subcode[0]);
    const headers: Record<string, string> = {};
    for (const [where, value] of Object.entries(when.bodyEquals ?? {}))
      if (where.startsWith('@header:')) headers[where.slice('@header:'.length).toLowerCase()] = String(value);
      else put(body, where, value);
    return answerOf(status, body, headers);
  }

  /** The token in the text, where that is not what the provider's rules go by. */
  private echoing(phase: CallPhase, answer: Answer, echo: string): Answer {
    const body = parsed(answer.body);
    if (typeof body !== 'object' || body === null) return { ...answer, body: `${answer.body}${echo}` };
    const { description } = this.part.entry.errors;
    const places = [...description.filter((pointer) => isThere(body, pointer)), ...description, '/echo'];
    const candidates = places.map((pointer) => {
      const copy = structuredClone(body);
      put(copy, pointer, `The token ${echo} is refused.`);
      return { ...answer, body: JSON.stringify(copy) };
    });
    const kept = this.classOf(phase, answer);
    return candidates.find((one) => this.classOf(phase, one) === kept) ?? answer;
  }

  /** How the engine reads it. */
  private classOf(phase: CallPhase, { status, headers, body }: Answer): ErrorClass | null {
    // Reading an answer takes nothing but the entry.
    const resolved = { entry: this.part.entry } as ResolvedProvider;
    const answer = { status, headers, body: Buffer.from(body) };
    const now = new Date(this.now());
    if (phase === 'exchange' || phase === 'refresh') {
      const read = readTokenAnswer(resolved, phase, { scopes: [] }, answer, now);
      return read.outcome === 'error' ? read.class : null;
    }
    if (phase === 'revoke') {
      const { outcome, class: kind } = readRevocation(resolved, answer, now);
      return outcome === 'already_gone' ? 'reconnect' : kind;
    }
    if (phase === 'api') return classify(resolved, { phase, status, headers, body: parsed(body) }).class;
    const read = readIdentityAnswer(resolved, answer, now);
    return read.outcome === 'error' ? read.class : null;
  }
}

const answerOf = (status: number, body: object, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  body: JSON.stringify(body),
});
