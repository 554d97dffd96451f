import { isFullRun, recordFigure, safetyCount } from '@strongroom/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProviderClass, Send } from '../../test/safety/oracle-provider.js';
import { SafetyWorld, until } from '../../test/safety/safety-world.js';
import { TcpProxy } from '../../test/safety/tcp-proxy.js';
import type { Account, Settings, Told, VaultSettings } from '../../test/safety/vault-protocol.js';
import type { VaultProcess } from '../../test/safety/vault-process.js';
import type { CrashPoint } from '../refresh/crash-points.js';

const HELD = safetyCount('FAULTS_HELD', { short: 10, full: 50 });
/** How long things are away; longer than a sweep, and than the lease of what is not strict. */
const AWAY_MS = isFullRun() ? 20_000 : 3_000;
const PAUSE_MS = isFullRun() ? 20_000 : 7_000;

describe('servers, disks and lines that fail in the middle of refreshes', () => {
  let world: SafetyWorld;
  let processes: VaultProcess[];
  let serial = 0;

  beforeAll(async () => {
    world = await SafetyWorld.open();
  });
  afterAll(() => world.close());
  beforeEach(() => {
    Object.assign(world.provider, { beforeAct: () => undefined, beforeAnswer: () => undefined, latencyMs: 0 });
    processes = [];
    serial += 1;
  });
  afterEach(() => Promise.all(processes.map((process) => process.kill())));

  /** No caller's patience ends while a refresh goes on, however slow this machine is. */
  const PATIENT = { refreshWaitMs: 60_000 };
  const start = async (node: string, more: Partial<VaultSettings> = {}, settings: Settings = {}) => {
    const process = await world.process(
      `${node}-${serial}`,
      { refreshWaitMs: 1_000, ...settings },
      { poolSize: 20, ...more },
    );
    processes.push(process);
    return process;
  };
  const due = async (process: VaultProcess, kind: ProviderClass = 'strict', count = HELD): Promise<Account[]> => {
    const accounts = await world.connect(process, kind, count);
    await world.expire(accounts);
    return accounts;
  };
  const sends = (accounts: readonly Account[]): number =>
    accounts.reduce((sum, { grant }) => sum + world.provider.sendsOf(grant).length, 0);
  /** Provider answers wait until all requests have arrived and something has happened. */
  const oncePresent = (count: number, happens: () => Promise<void> | void): Promise<void> => {
    let arrived = 0;
    let allArrived: () => void;
    const happened = new Promise<void>((settle) => (allArrived = settle)).then(happens);
    world.provider.beforeAnswer = async () => {
      arrived += 1;
      if (arrived === count) allArrived();
      await happened;
    };
    return happened;
  };
  const settled = (accounts: readonly Account[]) =>
    until(
      () => world.open(accounts),
      (open) => open === 0,
      240,
    );
  /** Not alive at the provider, or said to need a reconnect. */
  const lost = async (process: VaultProcess, accounts: readonly Account[]): Promise<number> => {
    const stored = await process.ask('stored', { tokensetIds: accounts.map(({ tokensetId }) => tokensetId) });
    const lives = ({ grant, tokensetId }: Account) => world.provider.isAlive(grant, stored[tokensetId] ?? 0);
    return accounts.filter((account) => !lives(account)).length;
  };
  const notServed = async (process: VaultProcess, accounts: readonly Account[]): Promise<Told[]> =>
    (await process.tokens(accounts)).filter((told) => !('serial' in told));
  const isOutage = (told: Told): boolean => 'code' in told && told.status === 503;
  const record = (id: string, title: string, accounts: readonly Account[], gone: number, again: number) => {
    recordFigure({
      id: `fault-${id}`,
      title,
      required: '0 lost, 0 requests again',
      measured: `${gone} of ${accounts.length} lost, ${again} requests again`,
      holds: gone === 0 && again === 0,
    });
    expect({ gone, again }).toEqual({ gone: 0, again: 0 });
  };

  it('a database that takes nothing between answer and commit: the new tokens wait for it', async () => {
    const process = await start('one');
    const accounts = await due(process);
    const readOnly = (value: 'on' | 'off') => async () => {
      await world.sql.query(`ALTER DATABASE postgres SET default_transaction_read_only = ${value}`);
      await world.sql.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'strongroom-tokensets%'`,
      );
    };
    const happened = oncePresent(accounts.length, readOnly('on'));
    const told = await process.tokens(accounts);
    await happened;
    expect(told.filter((answer) => !isOutage(answer))).toEqual([]);
    await sleep(AWAY_MS);
    const writable = new (await import('pg')).default.Client({ connectionString: world.postgres.url });
    await writable.connect();
    await writable.query('SET default_transaction_read_only = off');
    await writable.query('ALTER DATABASE postgres SET default_transaction_read_only = off');
    await writable.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'strongroom-tokensets%'`,
    );
    await writable.end();
    await settled(accounts);
    record(
      'read-only',
      'database read-only between answer and commit',
      accounts,
      await lost(process, accounts),
      sends(accounts) - accounts.length,
    );
    expect(await notServed(process, accounts)).toEqual([]);
  });

  it('a full disk under the spill costs nothing while the database is there', async () => {
    const process = await start('one', { sabotage: ['disk full'] }, PATIENT);
    const accounts = await due(process);
    expect(await notServed(process, accounts)).toEqual([]);
    record('disk-full', 'spill disk full', accounts, await lost(process, accounts), sends(accounts) - accounts.length);
  });

  it.each([
    ['cut', (line: TcpProxy) => line.cut()],
    ['dead without a word, then cut', (line: TcpProxy) => line.goDead()],
  ])('20 the line to Postgres %s between answer and commit', async (what, fails) => {
    const line = await TcpProxy.to(Number(new URL(world.postgres.url).port));
    const holder = await start('one', { databaseUrl: line.urlOf(world.postgres.url) });
    const other = await start('other');
    const accounts = await due(holder);
    const happened = oncePresent(accounts.length, () => fails(line));
    const told = holder.tokens(accounts);
    await happened;
    await sleep(AWAY_MS);
    await world.endLeases(accounts);
    expect((await other.tokens(accounts)).filter((answer) => !isOutage(answer))).toEqual([]);
    line.cut();
    expect((await told).filter((answer) => !isOutage(answer))).toEqual([]);
    line.open();
    await settled(accounts);
    const again = sends(accounts) - accounts.length;
    record(
      `postgres-line-${what.split(' ')[0]}`,
      `line to Postgres ${what}, two nodes`,
      accounts,
      await lost(other, accounts),
      again,
    );
    expect(await notServed(other, accounts)).toEqual([]);
    await line.close();
  });

  /** So few that the connection is not held to be down. */
  const FEW = 3;
  const LINES = [
    ['cut', 'before', 'strict'],
    ['cut', 'before', 'grace'],
    ['cut', 'after', 'grace'],
    ['cut', 'after', 'repeatable'],
    ['dead', 'before', 'strict'],
    ['dead', 'after', 'grace'],
  ] as const;

  it('a line to the provider that is cut or goes dead: nothing is lost that the provider keeps alive', async () => {
    const process = await start('one', {}, { ...PATIENT, refreshTimeoutMs: 5_000 });
    const groups = await Promise.all(
      LINES.map(async ([what, when, kind]) => ({ what, when, kind, accounts: await due(process, kind, FEW) })),
    );
    const failing = (of: 'before' | 'after') => {
      const due = groups.filter(({ when }) => when === of);
      const fails = new Map(due.flatMap(({ what, accounts }) => accounts.map(({ grant }) => [grant, what] as const)));
      return ({ grant }: Send) => {
        const how = fails.get(grant);
        fails.delete(grant);
        return how === 'cut' ? 'reset' : how === 'dead' ? world.provider.untilCut(grant) : undefined;
      };
    };
    Object.assign(world.provider, { beforeAct: failing('before'), beforeAnswer: failing('after') });
    const all = groups.flatMap(({ accounts }) => accounts);
    await process.tokens(all);
    await world.endLeases(all);
    await settled(all);
    for (const { what, when, kind, accounts } of groups) {
      const gone = await lost(process, accounts);
      recordFigure({
        id: `fault-provider-${what}-${when}-${kind}`,
        title: `line to the provider ${what} ${when} it acted, ${kind}`,
        required: '0 lost',
        measured: `${gone} of ${accounts.length} lost`,
        holds: gone === 0,
      });
      expect({ what, when, kind, gone }).toEqual({ what, when, kind, gone: 0 });
    }
    await world.cool(all);
    expect(await notServed(process, all)).toEqual([]);
  });

  it('carried out, but the caller got an error: around every call to the store', async () => {
    const process = await start('one', { sabotage: ['store answers lost'] });
    const accounts = (
      await Promise.all(
        (['strict', 'grace', 'repeatable'] as const).map((kind) => due(process, kind, Math.ceil(HELD / 3))),
      )
    ).flat();
    await process.tokens(accounts).catch(() => undefined); // some are told of the error itself
    await world.endLeases(accounts);
    await settled(accounts);
    const gone = await lost(process, accounts);
    record(
      'store-answers',
      'carried out, but the caller of the store got an error',
      accounts,
      gone,
      sends(accounts) - accounts.length,
    );
  });

  describe('I7 the holder stops for a while', () => {
    let holder: VaultProcess;
    let other: VaultProcess;
    let strict: Account[];
    let grace: Account[];
    let accounts: Account[];

    beforeEach(async () => {
      [holder, other] = await Promise.all([start('one'), start('other')]);
      [strict, grace] = await Promise.all([due(holder, 'strict', 3), due(holder, 'grace', 3)]);
      accounts = [...strict, ...grace];
    });

    const standAt = async (point: CrashPoint): Promise<void> => {
      await holder.ask('hold', { points: accounts.map(({ tokensetId }) => [tokensetId, point]) });
      holder.tokens(accounts).catch(() => undefined); // what they are told is not the question
      await holder.untilHeld(accounts.length);
    };
    /** Callers of the other process come all the time. */
    const paused = async (sentByThen: number): Promise<void> => {
      holder.pause();
      for (const end = performance.now() + PAUSE_MS; performance.now() < end || sends(grace) < sentByThen;)
        await other.tokens(accounts);
    };
    const goOn = async (): Promise<void> => {
      const going = holder.ask('letGo', null);
      holder.goOn();
      await going;
    };
    const check = async (when: string, sent: { strict: number; grace: number }): Promise<void> => {
      await world.cool(accounts);
      await settled(accounts);
      await other.tokens(accounts); // those that have not been sent at all
      await settled(accounts);
      const gone = await lost(other, accounts);
      const broken = await world.brokenHistories(accounts);
      const each = { strict: sends(strict) / strict.length, grace: sends(grace) / grace.length };
      recordFigure({
        id: `fault-paused-${when.split(' ')[0]}`,
        title: `the holder stopped (SIGSTOP) for ${PAUSE_MS / 1000} s ${when}, callers at another process`,
        required: '1 request each at a strict provider, 0 lost, no version written over',
        measured: `${each.strict} each (with grace ${each.grace}), ${gone} lost, ${broken.length} written over`,
        holds: gone + broken.length === 0 && each.strict === 1,
        ...(CONTROLS[when] ? { control: CONTROLS[when] } : {}),
      });
      expect({ gone, broken, ...each }).toEqual({ gone: 0, broken: [], ...sent });
      expect(await notServed(other, accounts)).toEqual([]);
    };

    it('before the send: it does not send what it has slept through', async () => {
      await standAt('P1');
      await paused(grace.length);
      const before = [sends(strict), sends(grace)];
      await goOn();
      await check('before the send', { strict: 1, grace: 1 });
      expect(before).toEqual([0, grace.length]);
    });

    it('during the send: the answer that was slept through is stored once, or superseded', async () => {
      let answer: () => void;
      const mayAnswer = new Promise<void>((settle) => (answer = settle));
      const first = new Set<string>();
      world.provider.beforeAnswer = ({ grant }) => (first.has(grant) ? undefined : (first.add(grant), mayAnswer));
      holder.tokens(accounts).catch(() => undefined);
      await until(
        () => Promise.resolve(first.size),
        (size) => size === accounts.length,
      );
      await paused(2 * grace.length);
      answer!();
      await goOn();
      await check('during the send', { strict: 1, grace: 2 });
    });

    it('after the answer: the same', async () => {
      await standAt('P3');
      await paused(2 * grace.length);
      await goOn();
      await check('after the answer', { strict: 1, grace: 2 });
    });
  });
});

const CONTROLS: Record<string, string> = {
  'before the send': 'without the look at the clock before the send: the holder sends what another has sent',
  'during the send': 'without the version in the write: a newer token is written over',
};
