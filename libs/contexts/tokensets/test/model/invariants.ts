import type { Observation, SeenAttempt, SeenEvent, SeenRow, Snapshot, Token } from './observations.js';

export class InvariantBroken extends Error {
  constructor(
    readonly invariant: string,
    what: string,
  ) {
    super(`${invariant}: ${what}`);
  }
}

type Seen<Kind extends Observation['saw']> = Extract<Observation, { saw: Kind }>;

interface Send {
  node: string;
  boot: string;
  token: Token;
  /** By the monotonic clock. */
  elapsed: number;
  /** What the journal says of it. */
  attempt: SeenAttempt;
  /** Until when the lease it was sent under held, by the database's clock. */
  heldUntil: number;
  newest: Token | null;
  heard: 'tokens' | 'refusal' | 'nothing' | null;
}

const CREDENTIAL_EVENTS = ['created', 'refreshed', 'recovered'];
const OPEN = ['sent', 'unknown'];

/**
 * I1 to I8 of `spec/refresh.md` §6 over what was seen. It knows nothing of how the product works: of a run that is going
 * on and of a recorded one it asks the same.
 */
export class Invariants {
  private setting: Seen<'setting'> | undefined;
  private readonly sends = new Map<number, Send>();
  /** Of each node the start that runs, or ran last. */
  private readonly boots = new Map<string, { boot: string; isAlive: boolean }>();
  private readonly lastBeat = new Map<string, number>();
  private readonly granted = new Set<string>();
  private readonly revoked = new Set<number>();
  /**
   * Tokens that the provider has given another one for. Of two that it gave for the same one, which only some providers
   * do, either is as good.
   */
  private readonly spent = new Set<string>();
  private readonly durable = new Set<string>();
  /** Attempts whose answer has left the memory of the process that received it, or was about to. */
  private readonly kept = new Set<string>();
  private readonly notSpilled = new Set<string>();
  /** Versions that were taken over after a silence, or a grace that had ended; what the first one held may be lost. */
  private readonly takenOver = new Set<number>();
  private last: SeenRow | null | undefined;

  /** @throws InvariantBroken */
  static check(history: readonly Observation[]): void {
    const invariants = new Invariants();
    for (const seen of history) invariants.observe(seen);
  }

  observe(seen: Observation): void {
    switch (seen.saw) {
      case 'setting':
        this.setting = seen;
        break;
      case 'granted':
        this.granted.add(text(seen.token));
        break;
      case 'boot':
        this.boots.set(seen.node, { boot: seen.boot, isAlive: true });
        this.lastBeat.set(seen.boot, seen.at);
        break;
      case 'beat':
        this.lastBeat.set(seen.boot, seen.at);
        break;
      case 'kill':
        // One that died before it had arrived has said nothing to anybody: the one before it is still the last heard of.
        if (this.boots.get(seen.node)?.boot === seen.boot)
          this.boots.set(seen.node, { boot: seen.boot, isAlive: false });
        break;
      case 'left':
        this.boots.delete(seen.node);
        break;
      case 'revoked':
        this.revoked.add(seen.grant);
        break;
      case 'spilled':
        (seen.failed ? this.notSpilled : this.kept).add(seen.attempt);
        break;
      case 'committing':
        if (!this.notSpilled.has(seen.attempt)) this.kept.add(seen.attempt);
        break;
      case 'send':
        return this.sent(seen);
      case 'acted':
        return this.acted(seen);
      case 'heard':
        return this.heard(seen);
      case 'served':
        this.row(seen.snapshot, seen.at);
        if (!this.durable.has(text(seen.token)))
          throw new InvariantBroken('I5', `a client has the access token of ${text(seen.token)}, which is not durable`);
        break;
      case 'durable':
        return this.row(seen.snapshot, seen.at);
      case 'end':
        this.row(seen.snapshot, seen.at);
        if (seen.snapshot.row?.status === 'active' && seen.alive === false && !hasOpenAttempt(seen.snapshot))
          throw new InvariantBroken('I8', `silent loss: active with ${text(seen.snapshot.row.refresh)}, which is dead`);
    }
  }

  private sent({ id, elapsed, node, boot, token, snapshot, at }: Seen<'send'>): void {
    this.row(snapshot, at);
    const attempt = snapshot.attempts
      .filter((row) => row.boot === boot)
      .reduce<SeenAttempt | undefined>((newest, row) => (newest && newest.fence > row.fence ? newest : row), undefined);
    if (!attempt || ![...OPEN, 'superseded'].includes(attempt.state))
      throw new InvariantBroken('I3', `${text(token)} was sent, and the journal has no open attempt`);
    const holds = snapshot.row?.fence === attempt.fence && snapshot.row.leaseUntil !== null;
    const heldUntil = holds ? snapshot.row!.leaseUntil! : at;
    this.overlapping(attempt, token, at);
    this.afterGrace(attempt, elapsed);
    if (snapshot.row?.version === attempt.base) this.ofStrict({ attempt, snapshot, at, heldUntil });
    this.sends.set(id, { node, boot, token, elapsed, attempt, heldUntil, newest: null, heard: null });
  }

  private overlapping(attempt: SeenAttempt, token: Token, at: number): void {
    for (const other of this.sends.values())
      if (other.heard === null && this.lives(other) && other.attempt.base === attempt.base && other.heldUntil > at)
        throw new InvariantBroken('I1', `${text(token)} is sent twice at once, version ${attempt.base}`);
  }

  /** What is promised of a provider with grace is promised inside its window. */
  private afterGrace({ base }: SeenAttempt, elapsed: number): void {
    if (this.setting?.rotation !== 'grace') return;
    for (const other of this.sends.values())
      if (other.attempt.base === base && elapsed - other.elapsed >= this.setting.graceMs) this.takenOver.add(base);
  }

  private ofStrict(send: { attempt: SeenAttempt; snapshot: Snapshot; at: number; heldUntil: number }): void {
    const { attempt, snapshot, at, heldUntil } = send;
    if (this.setting?.rotation !== 'strict') return;
    if (heldUntil - at < this.setting.timeoutMs) throw new InvariantBroken('I7', 'a strict lease ends before its send');
    for (const other of snapshot.attempts) {
      if (other.base !== attempt.base || other.node === attempt.node || !OPEN.includes(other.state)) continue;
      if (this.boots.get(other.node)?.boot !== other.boot) continue;
      if (at - (this.lastBeat.get(other.boot) ?? 0) < this.setting.takeoverMs)
        throw new InvariantBroken('I7', `version ${attempt.base} is resent while another node may hold the answer`);
      this.takenOver.add(attempt.base);
    }
  }

  private acted({ id, newest }: Seen<'acted'>): void {
    const send = this.sends.get(id);
    if (!send) return;
    send.newest = newest;
    if (newest && newest.serial > send.token.serial) this.spent.add(text(send.token));
  }

  private heard({ id, answer }: Seen<'heard'>): void {
    const send = this.sends.get(id);
    if (send) send.heard = answer;
  }

  private row(snapshot: Snapshot, at: number): void {
    const { row } = snapshot;
    const { last } = this;
    this.leases(row, at);
    if (row && last === null) throw new InvariantBroken('I2', 'what was deleted is there again');
    if (row && last) this.change(last, row);
    if (row?.access) this.durable.add(text(row.access));
    this.last = row;
    events(snapshot.events, row);
    if (row?.status === 'active' && this.spent.has(text(row.refresh)) && !hasOpenAttempt(snapshot))
      throw new InvariantBroken('I8', `active with ${text(row.refresh)}, which is spent, and no attempt is open`);
  }

  private leases(row: SeenRow | null, at: number): void {
    for (const send of this.sends.values())
      if (send.heard === null && row?.fence === send.attempt.fence) send.heldUntil = row.leaseUntil ?? at;
  }

  private change(last: SeenRow, row: SeenRow): void {
    const version = row.version - last.version;
    if (version < 0 || version > 1) throw new InvariantBroken('I6', `version ${last.version}, then ${row.version}`);
    if (version === 1 && !this.isEarned(last, row))
      throw new InvariantBroken(
        'I2',
        `version ${row.version} holds ${text(row.refresh)}: no answer to ${text(last.refresh)}`,
      );
    if (version === 0 && row.refresh && text(row.refresh) !== text(last.refresh))
      throw new InvariantBroken('I2', `version ${row.version} held ${text(last.refresh)}, then ${text(row.refresh)}`);
    if (last.status === 'active' && row.status !== 'active') this.verdict(last, row);
  }

  /** A new grant, or the answer to a send of what was stored. */
  private isEarned(last: SeenRow, row: SeenRow): boolean {
    if (row.refresh && this.granted.has(text(row.refresh)) && row.refresh.grant !== last.refresh?.grant) return true;
    return [...this.sends.values()].some(
      ({ attempt, token, newest }) =>
        attempt.base === last.version &&
        (last.refresh === null || text(token) === text(last.refresh)) &&
        text(newest) === text(row.refresh),
    );
  }

  private verdict(last: SeenRow, row: SeenRow): void {
    const ofThis = [...this.sends.values()].filter(({ attempt }) => attempt.base === last.version);
    if (!ofThis.some(({ heard }) => heard === 'refusal'))
      throw new InvariantBroken('I4', `${row.reason} without a definitive answer`);
    const { refresh } = last;
    if (!refresh || this.revoked.has(refresh.grant) || this.takenOver.has(last.version)) return;
    const kept = ofThis.find(
      (send) =>
        send.heard === 'tokens' && send.newest?.grant === refresh.grant && (this.lives(send) || this.isKept(send)),
    );
    if (kept) throw new InvariantBroken('I8', `${text(kept.newest)} was received and kept, and is lost: ${row.reason}`);
  }

  private isKept({ attempt }: Send): boolean {
    return this.kept.has(attempt.id);
  }

  private lives({ node, boot }: Send): boolean {
    const known = this.boots.get(node);
    return known?.boot === boot && known.isAlive;
  }
}

/** I6: sequences without gaps, each version one event, in order. */
function events(said: readonly SeenEvent[], row: SeenRow | null): void {
  let version = 0;
  said.forEach((event, i) => {
    if (event.sequence !== i + 1) throw new InvariantBroken('I6', `event ${i + 1} has sequence ${event.sequence}`);
    if (event.version === null) return;
    if (CREDENTIAL_EVENTS.some((type) => event.type.includes(`.${type}`))) version += 1;
    if (event.version !== version)
      throw new InvariantBroken('I6', `event ${i + 1}, ${event.type}, says version ${event.version}, not ${version}`);
  });
  if (row && row.version !== version) throw new InvariantBroken('I6', `version ${row.version} has no event`);
}

const hasOpenAttempt = ({ row, attempts }: Snapshot): boolean =>
  attempts.some(({ state, base }) => base === row?.version && OPEN.includes(state));

const text = (token: Token | null | undefined): string => (token ? `${token.grant}.${token.serial}` : 'none');
