import type { Bench } from '../bench.js';
import type { Answer, RawAnswer, TokenCall } from '../provider.js';
import { type Chaos, type OddTokens, type Sends, TOKENS } from './corpus.js';

/** A kind of provider, as its connection describes it and as it behaves. */
export interface Kind {
  name: string;
  /** Under `provider_settings.refresh`. */
  refresh: Record<string, unknown>;
  rotates: boolean;
  graceMs: number;
  isStrict: boolean;
}

export const KINDS = {
  strict: { name: 'strict', refresh: {}, rotates: true, graceMs: 0, isStrict: true },
  rotating: {
    name: 'strict, always rotating',
    refresh: { mode: 'rotating' },
    rotates: true,
    graceMs: 0,
    isStrict: true,
  },
  grace: {
    name: 'grace',
    refresh: { mode: 'rotating', reuse: 'grace', graceSeconds: 3_600 },
    rotates: true,
    graceMs: 3_600_000,
    isStrict: false,
  },
  repeatable: { name: 'repeatable', refresh: { mode: 'static' }, rotates: false, graceMs: 0, isStrict: false },
} satisfies Record<string, Kind>;

interface Case {
  name: string;
  account: Awaited<ReturnType<Bench['connected']>>;
  /** Stored before anything happened. */
  access: string;
  refresh: string;
  chaos?: Chaos;
  odd?: OddTokens;
  /** The provider acts, and what it says about it is lost. */
  isProcessed: boolean;
  /** The refresh token that has to be stored afterwards. */
  expected: string;
  sent: number;
}

/** Far more than a caller's patience and the sweeps of a run leave room for at doubling intervals. */
const MOST_BACKOFF_SENDS = 10;
const AT_ONCE = 24;

const mostSends = (sends: Sends, { isStrict }: Kind): number =>
  sends === 'once' ? 1 : sends === 'doubt' && isStrict ? 2 : MOST_BACKOFF_SENDS;

/** Accounts at one provider, each of which meets one strange answer; then the provider is well again. */
export class ChaosRun {
  readonly findings: string[] = [];
  private readonly cases: Case[] = [];
  private readonly byToken = new Map<string, Case>();

  constructor(
    private readonly bench: Bench,
    private readonly kind: Kind,
  ) {
    Object.assign(bench.provider, { rotates: kind.rotates, graceMs: kind.graceMs });
    bench.provider.before = (call) => this.before(call);
    bench.provider.after = (call, answer) => this.after(call, answer);
  }

  async meet(chaos: Chaos, isProcessed: boolean): Promise<void> {
    await this.add({ name: `${chaos.name}${isProcessed ? ', after it had acted' : ''}`, chaos, isProcessed });
  }

  async meetTokens(odd: OddTokens): Promise<void> {
    await this.add({ name: odd.name, odd, isProcessed: odd.refresh === 'issued' });
  }

  get size(): number {
    return this.cases.length;
  }

  /** The token lives for some seconds more, then it does not; the provider answers strangely all the time. */
  async endure(): Promise<void> {
    await each(this.cases, async (one) => {
      await this.bench.expire(one.account, -25);
      await this.whileAlive(one);
      if (!one.chaos) return;
      await this.bench.expire(one.account);
      await this.afterItsEnd(one, one.chaos);
    });
  }

  /** What is stored now, whatever anybody was told. */
  async look(): Promise<void> {
    await each(this.cases, async (one) => {
      const row = await this.bench.row(one.account);
      if (row?.status !== 'active') this.found(one, `left as ${row?.status} ${row?.reason}`);
      if (one.chaos && row?.cred_version !== 1) this.found(one, 'something was stored');
      const most = one.chaos ? mostSends(one.chaos.sends, this.kind) : 1;
      if (one.chaos && one.sent > most) this.found(one, `sent ${one.sent} times`);
      if (one.sent === 0) this.found(one, 'never sent');
      const types = (await this.bench.events(one.account)).map(({ type }) => type);
      if (types.some((type) => type.includes('reconnect_required'))) this.found(one, 'a reconnect was asked for');
      if (types.filter((type) => type.includes('refresh_failed')).length > 1) this.found(one, 'said more than once');
    });
  }

  /** The provider is well, the waits are over. */
  async recover(): Promise<void> {
    this.bench.provider.before = () => undefined;
    this.bench.provider.after = () => undefined;
    const since = this.bench.provider.calls.length;
    await each(this.cases, async (one) => {
      await this.bench.cooled(one.account);
      await this.bench.expire(one.account);
      const token = await this.bench.token(one.account).catch((error: unknown) => error as Error);
      if (token instanceof Error || token === null) this.found(one, `not good afterwards: ${String(token)}`);
      else if (token.accessToken === one.access) this.found(one, 'an old token afterwards');
      const sent = this.bench.provider.calls.slice(since).map(({ refreshToken }) => refreshToken);
      if (!sent.includes(one.expected)) this.found(one, 'the refresh token was another one afterwards');
      if ((await this.bench.row(one.account))?.status !== 'active') this.found(one, 'not active afterwards');
    });
  }

  private async add(of: Pick<Case, 'name' | 'chaos' | 'odd' | 'isProcessed'>): Promise<void> {
    const account = await this.bench.connected({ refresh: this.kind.refresh });
    const serial = this.bench.provider.newest;
    const refresh = `cnry_rt_${serial}`;
    const one = { ...of, account, access: `cnry_at_${serial}`, refresh, expected: refresh, sent: 0 };
    this.cases.push(one);
    this.byToken.set(refresh, one);
  }

  private before(call: TokenCall): Answer | RawAnswer | undefined {
    const one = this.of(call);
    if (!one) return undefined;
    one.sent += 1;
    if (one.isProcessed) return undefined;
    return one.chaos ? one.chaos.answer(call) : { status: 200, body: { ...TOKENS, ...one.odd?.change(call) } };
  }

  private after(call: TokenCall, answer: Answer): Answer | RawAnswer | undefined {
    const one = this.of(call);
    if (!one?.isProcessed || answer === 'reset') return undefined;
    if (one.chaos) return one.chaos.answer(call);
    const issued = answer.body as { refresh_token?: string };
    if (issued.refresh_token) one.expected = issued.refresh_token;
    return { ...answer, body: { ...issued, ...one.odd?.change(call) } };
  }

  private of({ grant, refreshToken }: TokenCall): Case | undefined {
    return grant === 'refresh_token' && refreshToken !== null ? this.byToken.get(refreshToken) : undefined;
  }

  private async whileAlive(one: Case): Promise<void> {
    const token = await this.bench.token(one.account).catch((error: unknown) => error as Error);
    if (token instanceof Error || token === null) this.found(one, `a living token was withheld: ${String(token)}`);
    else if (one.chaos && token.accessToken !== one.access) this.found(one, `answered with ${token.accessToken}`);
  }

  private async afterItsEnd(one: Case, chaos: Chaos): Promise<void> {
    const answer = await this.bench.token(one.account).then(
      (token) => ({ status: 200, message: `answered with ${token?.accessToken}` }),
      (error: { status?: number; message: string }) => error,
    );
    // 401 sends a person to connect again.
    if (answer.status !== 503 && answer.status !== 502)
      this.found(one, `${chaos.name}: ${answer.status} ${answer.message}`);
  }

  private found(one: Case, what: string): void {
    this.findings.push(`${this.kind.name}: ${one.name}: ${what}`);
  }
}

async function each<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const worker = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
