import { setTimeout as sleep } from 'node:timers/promises';
import { type CrashPoint, crashPoints } from '../../src/refresh/crash-points.js';
import type { ProviderClass, Send } from './oracle-provider.js';
import { type SafetyWorld, until } from './safety-world.js';
import type { Account, Settings, VaultSettings } from './vault-protocol.js';
import type { VaultProcess } from './vault-process.js';

export const crashClasses = ['strict', 'grace'] as const;
export type CrashClass = (typeof crashClasses)[number];

/** What became of the refreshes held at one point, at providers of one class. */
export interface Fate {
  point: CrashPoint;
  class: CrashClass;
  kills: number;
  held: number;
  /** Said to need a reconnect, with the reason that is true. */
  lostAndSaid: number;
  /** Stands as usable, and the provider no longer takes its refresh token. */
  lostSilently: number;
  /** Said to need a reconnect for another reason. */
  misjudged: number;
  /** The grant lived, and still it was given up. */
  givenUp: number;
}

interface Sample {
  point: CrashPoint;
  class: CrashClass;
  account: Account;
}

/** Kills a process that stands in the middle of refreshes, lets the next one recover, and asks the provider. */
export class CrashRun {
  readonly fates = new Map<string, Fate>();
  /** From the kill to the outcome, of refreshes that were in doubt. */
  readonly recoverySeconds: Record<CrashClass, number[]> = { strict: [], grace: [] };
  /** Highest serial that any caller saw, by grant. */
  private readonly seen = new Map<string, number>();
  private readonly samples: Sample[] = [];
  private victim: VaultProcess | undefined;

  constructor(
    private readonly world: SafetyWorld,
    private readonly place: string,
    private readonly settings: Settings = {},
    private readonly more: Partial<VaultSettings> = {},
    /** What the callers ask for that are killed; null: everything, of tokens that are over. */
    private readonly narrowTo: string[] | null = null,
  ) {}

  /** `held` refreshes of each class at each of the points, one kill for all. */
  async kill(points: readonly CrashPoint[], held: number): Promise<void> {
    const victim = (this.victim ??= await this.start());
    await this.fill(victim, points, held);
    const samples = this.samples.filter(({ point }) => points.includes(point));
    await this.standAtPoints(victim, samples);
    await victim.kill();
    const killedAt = (await this.world.sql.query<{ now: Date }>('SELECT clock_timestamp() AS now')).rows[0]!.now;
    this.victim = await this.start();
    await this.judge(this.victim, samples, killedAt);
  }

  async end(): Promise<void> {
    await this.victim?.kill();
    this.victim = undefined;
  }

  private start(): Promise<VaultProcess> {
    return this.world.process(this.place, this.settings, { poolSize: 250, ...this.more });
  }

  /** What was lost in the last kill is replaced. */
  private async fill(process: VaultProcess, points: readonly CrashPoint[], held: number): Promise<void> {
    for (const point of points)
      for (const kind of crashClasses) {
        const missing = held - this.samples.filter((one) => one.point === point && one.class === kind).length;
        const accounts = await this.world.connect(process, kind, missing);
        this.samples.push(...accounts.map((account) => ({ point, class: kind, account })));
      }
  }

  private async standAtPoints(victim: VaultProcess, samples: readonly Sample[]): Promise<void> {
    const accounts = samples.map(({ account }) => account);
    const sent = samples.filter(({ point }) => point === 'P2');
    // At every other one the provider has not acted yet when the process dies, and never will.
    const idle = new Set(sent.filter((_, at) => at % 2 === 0).map(({ account }) => account.grant));
    const arrived = new Set<string>();
    this.world.provider.beforeAct = async ({ grant }: Send) => {
      arrived.add(grant);
      if (idle.delete(grant)) return this.world.provider.untilCut(grant);
    };
    await (this.narrowTo ? this.world.used(accounts) : this.world.expire(accounts));
    await victim.ask('hold', { points: samples.map(({ account, point }) => [account.tokensetId, point]) });
    for (const account of accounts) void comeAgain(victim, account, this.narrowTo);
    await victim.untilHeld(samples.length);
    await until(
      () => Promise.resolve(sent.filter(({ account }) => !arrived.has(account.grant)).length),
      (missing) => missing === 0,
    );
  }

  private async judge(process: VaultProcess, samples: readonly Sample[], killedAt: Date): Promise<void> {
    const accounts = samples.map(({ account }) => account);
    await until(
      () => this.world.open(accounts),
      (open) => open === 0,
      120,
    );
    const rows = await this.world.rows(accounts);
    const stored = await process.ask('stored', { tokensetIds: accounts.map(({ tokensetId }) => tokensetId) });
    for (const sample of samples) {
      const { account } = sample;
      const { status, reason } = rows.get(account.tokensetId)!;
      const serial = stored[account.tokensetId] ?? null;
      const fate = this.fateOf(sample);
      fate.held += 1;
      if (status === 'active') {
        if (serial === null || !this.world.provider.isAlive(account.grant, serial)) fate.lostSilently += 1;
        // I5: what a caller has seen was durable.
        if (serial !== null && serial < (this.seen.get(account.grant) ?? 0))
          throw new Error(`a caller saw a token of ${account.grant} whose refresh token is not stored`);
        continue;
      }
      if (reason === 'lost_rotation') fate.lostAndSaid += 1;
      else fate.misjudged += 1;
      if (this.world.provider.isAlive(account.grant, this.world.provider.newest(account.grant))) fate.givenUp += 1;
      this.samples.splice(this.samples.indexOf(sample), 1);
    }
    for (const key of new Set(samples.map(keyOf))) this.fates.get(key)!.kills += 1;
    await this.clock(samples, killedAt);
    await this.serve(
      process,
      accounts.filter(({ tokensetId }) => rows.get(tokensetId)!.status === 'active'),
    );
    const broken = await this.world.brokenHistories(accounts);
    if (broken.length > 0) throw new Error(`I6 does not hold for ${broken.join(', ')}`);
  }

  /** What is not lost is good for its callers, at once or when they come again as they are told to. */
  private async serve(process: VaultProcess, accounts: readonly Account[], tries = 10): Promise<void> {
    const again: Account[] = [];
    for (const [at, told] of (await process.tokens(accounts)).entries()) {
      if ('serial' in told) {
        if (told.isPart) throw new Error(`${told.grant} was given a part as the whole`);
        this.seen.set(told.grant, told.serial);
      } else if (told.status === 503 && tries > 0) again.push(accounts[at]!);
      else throw new Error(`${accounts[at]!.tokensetId} is not served: ${JSON.stringify(told)}`);
    }
    if (again.length > 0) await this.serve(process, again, tries - 1);
  }

  private async clock(samples: readonly Sample[], killedAt: Date): Promise<void> {
    for (const kind of crashClasses) {
      const ids = samples.filter((one) => one.class === kind).map(({ account }) => account.tokensetId);
      const { rows } = await this.world.sql.query<{ seconds: number }>(
        `SELECT extract(epoch FROM max(settled_at) - $2)::float AS seconds FROM refresh_attempts
         WHERE tokenset_id = ANY($1) AND state IN ('committed', 'rejected') AND settled_at > $2 GROUP BY tokenset_id`,
        [ids, killedAt],
      );
      this.recoverySeconds[kind].push(...rows.map(({ seconds }) => seconds));
    }
  }

  private fateOf(sample: Sample): Fate {
    const counted = { kills: 0, held: 0, lostAndSaid: 0, lostSilently: 0, misjudged: 0, givenUp: 0 };
    const fate = this.fates.get(keyOf(sample)) ?? { point: sample.point, class: sample.class, ...counted };
    this.fates.set(keyOf(sample), fate);
    return fate;
  }
}

/** A caller who is told to come back does so, until the refresh stands at its point or the process is dead. */
export async function comeAgain(
  process: VaultProcess,
  account: Account,
  scopes: string[] | null = null,
): Promise<void> {
  try {
    while (!('serial' in (await process.tokens([account], 1, scopes))[0]!)) await sleep(100);
  } catch {
    return; // killed
  }
}

const keyOf = ({ point, class: kind }: { point: CrashPoint; class: ProviderClass }): string => `${point} ${kind}`;

/** As the page of figures shows it. */
export function crashTable(fates: Iterable<Fate>): string {
  const rows = [...fates].sort((one, other) => crashPoints.indexOf(one.point) - crashPoints.indexOf(other.point));
  const lines = rows.map(
    ({ point, class: kind, kills, held, lostAndSaid, lostSilently }) =>
      `${point.padEnd(5)} ${kind.padEnd(7)} ${String(kills).padStart(5)} ${String(held).padStart(6)} ` +
      `${String(lostAndSaid).padStart(13)} ${String(lostSilently).padStart(13)}`,
  );
  return ['point class   kills   held  lost and said  lost silently', ...lines].join('\n') + '\n';
}
