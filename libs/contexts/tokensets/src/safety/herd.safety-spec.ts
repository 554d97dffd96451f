import { isFullRun, recordFigure, redisOfOwn, safetyCount } from '@strongroom/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { providerClasses } from '../../test/safety/oracle-provider.js';
import { SafetyWorld, until } from '../../test/safety/safety-world.js';
import type { Account, Settings, Told, VaultSettings } from '../../test/safety/vault-protocol.js';
import type { VaultProcess } from '../../test/safety/vault-process.js';

const CALLERS = 500;
const PROCESSES = 4;
const RUNS = safetyCount('HERD_RUNS', { short: 2, full: 20 });

/** A provider that takes longer than a caller waits. */
const SLOW = isFullRun() ? { latencyMs: 25_000, waitMs: 8_000 } : { latencyMs: 4_000, waitMs: 1_000 };
/** Longer than the slowest machine takes to serve a herd: a test of how many requests are made is none of patience. */
const PATIENT = { refreshWaitMs: 60_000 };
const SLOW_TITLE = `provider ${SLOW.latencyMs / 1000} s, callers wait ${SLOW.waitMs / 1000} s: 503, then good`;

const nothing = (): Promise<void> => Promise.resolve();
const isGood = (told: Told) => 'serial' in told;
const good = (told: readonly Told[]) => told.filter(isGood).length;
const inOne = (total: number): string => `1 upstream refresh, ${CALLERS} of ${CALLERS} good, ${total} of ${total} runs`;

const redis = await redisOfOwn();

describe('a herd at one expired tokenset of a strict provider', () => {
  let world: SafetyWorld;
  let herd: VaultProcess[] = [];
  let startedAs = '';

  beforeAll(async () => {
    world = await SafetyWorld.open();
  });
  afterAll(async () => {
    await world.close();
    await redis?.remove();
  });
  beforeEach(() => {
    Object.assign(world.provider, { latencyMs: 0, beforeAnswer: () => undefined });
  });
  /** The same herd as in the test before, if it was started in the same way. */
  const start = async (more: Partial<VaultSettings>[] = [], settings: Settings = PATIENT) => {
    const as = JSON.stringify({ more, settings });
    if (as === startedAs) return;
    startedAs = as;
    await Promise.all(herd.map((process) => process.kill()));
    const of = (at: number) => world.process(`herd-${at}`, settings, more[at] ?? more[0]);
    herd = await Promise.all(Array.from({ length: PROCESSES }, (_, at) => of(at)));
  };
  /** All callers at once, a share of them in each process. */
  const call = async (account: Account, callers = CALLERS): Promise<Told[]> => {
    const told = await Promise.all(herd.map((process) => process.tokens([account], callers / PROCESSES)));
    return told.flat();
  };
  const expired = async (kind: (typeof providerClasses)[number] = 'strict'): Promise<Account> => {
    const [account] = await world.connect(herd[0]!, kind);
    await world.expire([account!]);
    return account!;
  };
  /** What a run came to: sends, good answers, whether the grant lives. */
  const outcome = (account: Account, told: readonly Told[]) => ({
    sends: world.provider.sendsOf(account.grant).length,
    good: good(told),
    lives: world.provider.isAlive(account.grant, world.provider.newest(account.grant)),
  });
  const ONCE = { sends: 1, good: CALLERS, lives: true };

  const shared = redis ? [{ redisUrl: redis.url }] : [];
  const runs = async (latencyMs: number, during = nothing, count = RUNS) => {
    const outcomes = [];
    for (let run = 0; run < count; run++) {
      const account = await expired();
      world.provider.latencyMs = latencyMs;
      const told = call(account);
      await during();
      outcomes.push(outcome(account, await told));
      world.provider.latencyMs = 0;
    }
    return outcomes;
  };
  const record = (id: string, title: string, outcomes: ReturnType<typeof outcome>[], control?: string) => {
    const held = outcomes.filter((one) => JSON.stringify(one) === JSON.stringify(ONCE)).length;
    recordFigure({
      id,
      title: `${CALLERS} callers over ${PROCESSES} processes, ${title}`,
      required: inOne(outcomes.length),
      measured: `${Math.max(...outcomes.map(({ sends }) => sends))} upstream refresh at most, ${held} of ${outcomes.length} runs`,
      holds: held === outcomes.length,
      ...(control ? { control } : {}),
    });
  };

  it.each([300, 3_000])(
    '12, 13 makes one request and serves all, at a provider that takes %d ms',
    async (latencyMs) => {
      await start(shared);
      const outcomes = await runs(latencyMs);
      record(`herd-${latencyMs}`, `provider ${latencyMs} ms`, outcomes, 'without lease and index: several requests');
      expect(outcomes).toEqual(outcomes.map(() => ONCE));
    },
    600_000,
  );

  it('makes one request for 20 callers, whatever the class of the provider', async () => {
    await start(shared);
    world.provider.latencyMs = 100;
    for (const kind of providerClasses) {
      const account = await expired(kind);
      const told = await call(account, 20);
      expect({ kind, ...outcome(account, told) }).toEqual({ kind, sends: 1, good: 20, lives: true });
    }
  });

  /** Every caller is told to come again; once the provider has answered they do. */
  const slowRuns = async (during: () => Promise<void>, count: number) => {
    const outcomes = [];
    for (let run = 0; run < count; run++) {
      const account = await expired();
      world.provider.latencyMs = SLOW.latencyMs;
      // Slower than the last caller is patient, too, on a machine that is slow itself.
      let allWereTold = (): void => undefined;
      const told = new Promise<void>((settle) => (allWereTold = settle));
      world.provider.beforeAnswer = () => told;
      const early = call(account);
      await during();
      const soon = { status: 503, code: 'temporarily_unavailable', reason: 'refresh_in_progress' };
      expect(await early).toEqual(Array.from({ length: CALLERS }, () => expect.objectContaining(soon)));
      allWereTold();
      await until(
        async () => (await world.rows([account])).get(account.tokensetId)!.cred_version,
        (version) => version === 2,
        SLOW.latencyMs / 1000 + 60,
      );
      outcomes.push(outcome(account, await call(account)));
    }
    return outcomes;
  };

  it('13 tells callers to come again while a slow provider takes its time, and serves them then', async () => {
    await start(shared, { refreshWaitMs: SLOW.waitMs });
    const outcomes = await slowRuns(nothing, isFullRun() ? RUNS : 1);
    record('herd-25000', SLOW_TITLE, outcomes);
    expect(outcomes).toEqual(outcomes.map(() => ONCE));
  }, 1_200_000);

  const emptyRedis = async () => {
    await sleep(200);
    await flush(redis!.url);
  };
  const killRedis = async () => {
    await sleep(200);
    await redis!.stop();
    await sleep(600);
    await redis!.start();
    await sleep(700); // until the processes have it again
  };

  it.each([300, 3_000])(
    '21 loses only time where there is no Redis, or where it is emptied in the middle, at a provider of %d ms',
    async (latencyMs) => {
      await start();
      const absent = await runs(latencyMs);
      record(`herd-redis-absent-${latencyMs}`, `no Redis, provider ${latencyMs} ms`, absent);
      expect(absent).toEqual(absent.map(() => ONCE));
      if (!redis) return;
      await start(shared);
      const emptied = await runs(latencyMs, emptyRedis);
      record(`herd-redis-flushed-${latencyMs}`, `Redis emptied in the middle, provider ${latencyMs} ms`, emptied);
      expect(emptied).toEqual(emptied.map(() => ONCE));
    },
    600_000,
  );

  it('21 loses only time at a slow provider too', async () => {
    await start([], { refreshWaitMs: SLOW.waitMs });
    const few = isFullRun() ? Math.min(RUNS, 3) : 1;
    const absent = await slowRuns(nothing, few);
    record('herd-redis-absent-25000', `no Redis, ${SLOW_TITLE}`, absent);
    expect(absent).toEqual(absent.map(() => ONCE));
    if (!redis) return;
    await start(shared, { refreshWaitMs: SLOW.waitMs });
    const emptied = await slowRuns(emptyRedis, few);
    record('herd-redis-flushed-25000', `Redis emptied in the middle, ${SLOW_TITLE}`, emptied);
    expect(emptied).toEqual(emptied.map(() => ONCE));
  }, 600_000);

  it('21 loses only time where Redis is killed in the middle', async () => {
    if (!redis) return;
    await start(shared);
    const killed = await runs(600, killRedis);
    record('herd-redis-killed', 'Redis killed in the middle', killed);
    expect(killed).toEqual(killed.map(() => ONCE));
  }, 600_000);

  it.each([5, -5])(
    '24 is not misled by a process whose clock is wrong by %d minutes',
    async (minutes) => {
      await start([...(shared.length > 0 ? shared : [{}]), { clockShiftMs: minutes * 60_000, ...shared[0] }, {}, {}]);
      const outcomes = await runs(300);
      record(`herd-clock${minutes}`, `one clock wrong by ${minutes} min`, outcomes);
      expect(outcomes).toEqual(outcomes.map(() => ONCE));
      // What that process says of a token's life is true: no expired one goes out, no living one is refreshed.
      const [account] = await world.connect(herd[0]!, 'strict');
      await world.sql.query(
        `UPDATE tokensets SET access_expires_at = clock_timestamp() + interval '120 seconds' WHERE id = $1`,
        [account!.tokensetId],
      );
      const [told] = await herd[1]!.tokens([account!]);
      expect(told).toMatchObject({ serial: 1, refreshed: false });
      expect('serial' in told! && told.expiresIn).toBeGreaterThan(100);
      expect('serial' in told! && told.expiresIn).toBeLessThanOrEqual(120);
    },
    300_000,
  );

  it('would have seen several requests without lock, lease and journal', async () => {
    await world.sql.query('DROP INDEX IF EXISTS refresh_attempts_one_sent');
    await start([{ sabotage: ['no lease', 'no journal'] }]);
    // The first answer waits for a second request: what would have kept that back is gone.
    let second = (): void => undefined;
    const came = new Promise<void>((settle) => (second = settle));
    let sends = 0;
    world.provider.beforeAnswer = () => ((sends += 1) > 1 && second(), came);
    const [broken] = await runs(300, undefined, 1);
    expect(broken!.sends).toBeGreaterThan(1);
  });
});

/** Redis's own protocol: the suites of this context know no client of it. */
async function flush(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const { connect } = await import('node:net');
  await new Promise<void>((settle, fail) => {
    const socket = connect(Number(port), hostname, () => socket.write('FLUSHALL\r\n'));
    socket.once('data', () => {
      socket.destroy();
      settle();
    });
    socket.once('error', fail);
  });
}
