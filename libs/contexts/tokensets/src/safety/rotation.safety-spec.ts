import { ConfiguredMasterKeys } from '@strongroom/crypto';
import { recordFigure, safetyCount } from '@strongroom/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { SafetyWorld, until } from '../../test/safety/safety-world.js';
import { SteadyCalls } from '../../test/safety/steady-calls.js';
import type { Account, VaultSettings } from '../../test/safety/vault-protocol.js';
import type { VaultProcess } from '../../test/safety/vault-process.js';

const TOKENSETS = safetyCount('ROTATION_TOKENSETS', { short: 200, full: 2_000 });
const PER_SECOND = 100;
/** Nobody fails because this machine is slow. */
const PATIENT = { refreshWaitMs: 60_000 };

describe('keys rotate under load', () => {
  let world: SafetyWorld;
  let processes: VaultProcess[];
  let accounts: Account[];
  const second = ConfiguredMasterKeys.generate('second');
  /** Those that open what is stored now. */
  let current: string;

  beforeAll(async () => {
    world = await SafetyWorld.open();
    current = world.masterKeys;
    processes = await Promise.all([start('one'), start('two')]);
    accounts = [];
    while (accounts.length < TOKENSETS) accounts.push(...(await world.connect(processes[0]!, 'strict', 50)));
  }, 300_000);
  afterAll(() => world.close());

  const start = (place: string, more: Partial<VaultSettings> = {}): Promise<VaultProcess> =>
    world.process(place, PATIENT, more);
  const keys = () => processes[0]!.ask('keys', null);
  const states = async (): Promise<string> => (await keys()).map(({ state }) => state).join();
  /** So that new seals are made all the time, too. */
  const refreshesMeanwhile = () => {
    let at = 0;
    const timer = setInterval(() => void world.expire([accounts[at++ % accounts.length]!]), 200);
    return () => clearInterval(timer);
  };
  /** How many of the stored tokens a process opens. */
  const opened = async (process: VaultProcess): Promise<number> => {
    const stored = await process.ask('stored', { tokensetIds: accounts.map(({ tokensetId }) => tokensetId) });
    const served = (await process.tokens(accounts)).filter((told) => 'serial' in told);
    return Math.min(served.length, Object.values(stored).filter((serial) => serial !== null).length);
  };

  it('9 moves to a new installation key, destroys the old one, and fails nobody', async () => {
    const load = new SteadyCalls(accounts, PER_SECOND, processes);
    const stop = refreshesMeanwhile();
    await processes[0]!.ask('rekey', null);
    await until(states, (seen) => seen === 'retired,primary', 120);
    await sleep(1_000);
    // A day passes.
    await world.sql.query(
      `UPDATE installation_keys SET state_changed_at = state_changed_at - interval '25 hours' WHERE state = 'retired'`,
    );
    await until(states, (seen) => seen === 'destroyed,primary', 60);
    stop();
    await load.made(PER_SECOND + 1);
    await load.end();
    const [old] = await keys();
    const { rows } = await world.sql.query('SELECT FROM installation_keys WHERE state = $1 AND wrapped IS NULL', [
      'destroyed',
    ]);
    const fresh = await start('three');
    const all = await opened(fresh);
    await fresh.stop();
    recordFigure({
      id: 'rotation-installation-key',
      title: `installation key rotated under ${PER_SECOND} exchanges/s on 2 processes`,
      required: '0 failed, remaining 0, the old key destroyed, everything opens',
      measured: `${load.failed.length} of ${load.calls} failed, remaining ${old!.remaining}, ${all} of ${accounts.length} open`,
      holds: load.failed.length + old!.remaining === 0 && rows.length === 1 && all === accounts.length,
      control: 'a key destroyed before its records have moved: the next process does not start',
    });
    expect(load.failed).toEqual([]);
    expect(load.calls).toBeGreaterThan(PER_SECOND);
    expect({ remaining: old!.remaining, destroyed: rows.length, all }).toEqual({
      remaining: 0,
      destroyed: 1,
      all: accounts.length,
    });
  }, 300_000);

  it('9 changes the master key, process by process, and opens everything without the old one', async () => {
    const load = new SteadyCalls(accounts, PER_SECOND, processes);
    const stop = refreshesMeanwhile();
    const restart = async (masterKeys: string): Promise<void> => {
      for (const [at, place] of ['one', 'two'].entries()) {
        await load.drop(processes[at]!);
        await processes[at]!.stop();
        processes[at] = await start(place, { masterKeys });
        load.add(processes[at]);
      }
    };
    await restart(`${second},${world.masterKeys}`);
    await until(keys, (all) => all.every(({ masterKeyId }) => masterKeyId === null || masterKeyId === 'second'), 60);
    await restart(second);
    current = second;
    await sleep(1_000);
    stop();
    await load.end();
    const all = await opened(processes[0]!);
    recordFigure({
      id: 'rotation-master-key',
      title: `master key changed under ${PER_SECOND} exchanges/s on 2 processes`,
      required: '0 failed, everything opens without the old one',
      measured: `${load.failed.length} of ${load.calls} failed, ${all} of ${accounts.length} open`,
      holds: load.failed.length === 0 && all === accounts.length,
      control: 'the new master key alone, before the wrapped keys have moved: the process does not start',
    });
    expect(load.failed).toEqual([]);
    expect(all).toBe(accounts.length);
  }, 300_000);

  it('would have seen a key that is let go too early, and a master key that opens nothing', async () => {
    await expect(start('four', { masterKeys: ConfiguredMasterKeys.generate('third') })).rejects.toThrow();
    await Promise.all(processes.map((process) => process.stop()));
    const slow = await world.process('slow', { rewrapRowsPerSecond: 1 }, { masterKeys: current });
    await slow.ask('rekey', null);
    await until(
      () => slow.ask('keys', null),
      (all) => all.some(({ state }) => state === 'retiring'),
      60,
    );
    await slow.kill();
    await world.sql.query(
      `UPDATE installation_keys SET state = 'destroyed', wrapped = NULL, check_record = NULL WHERE state = 'retiring'`,
    );
    await expect(world.process('five', {}, { masterKeys: current })).rejects.toThrow('UnreadableRecord');
  });
});
