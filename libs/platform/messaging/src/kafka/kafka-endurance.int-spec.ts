import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectionUpdated } from '@strongroom/contracts';
import { testKafka, testPostgres, type TestService, whereThereIs } from '@strongroom/testing';
import { connection, DeliveryBench, newKey, TOPIC, until } from '../conformance/delivery-bench.js';
import { KafkaUnderTest } from '../conformance/kafka-transport.js';
import type { DrainedRecord } from './kafka-drain.js';

/** The full run of `spec/events.md` §11 sets 100,000 and 20. */
const EVENTS = Number(process.env['STRONGROOM_TEST_DELIVERY_EVENTS'] ?? 3000);
const KILLS = Number(process.env['STRONGROOM_TEST_DELIVERY_KILLS'] ?? 3);
const PROCESSES = 3;
const KEYS = 200;

const broker = await testKafka();

whereThereIs(broker, 'Kafka', 'processes killed over Kafka', () => {
  let postgres: TestService;
  let kafka: KafkaUnderTest;
  let bench: DeliveryBench;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    postgres = await testPostgres();
    kafka = new KafkaUnderTest(broker!.url);
    bench = await DeliveryBench.open(postgres.url, await kafka.transport());
    await bench.accounts.query('CREATE TABLE IF NOT EXISTS calls (event_id uuid NOT NULL)');
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await bench?.close();
    await postgres?.stop();
    await broker?.stop();
  });

  const start = (program: 'relay' | 'consumer'): ChildProcess => {
    const path = join(import.meta.dirname, `../../dist/conformance/endurance-${program}.js`);
    if (!existsSync(path)) throw new Error(`${path} is not there: run "npm run build" first`);
    const flags = ['--disable-warning=TimeoutNegativeWarning'];
    const child = spawn(process.execPath, [...flags, path, postgres.url, broker!.url, kafka.topicPrefix], {
      stdio: ['ignore', 'ignore', process.env['STRONGROOM_TEST_SHOW_LOGS'] ? 'inherit' : 'ignore'],
      env: { PATH: process.env['PATH'] },
    });
    children.add(child);
    return child;
  };
  const kill = async (child: ChildProcess) => {
    if (child.exitCode !== null) throw new Error(`a process ended by itself: ${child.spawnargs[2]}`);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    children.delete(child);
  };
  /** Kills each of three processes so many times, one after the other, each in the middle of its work. */
  const killAll = async (program: 'relay' | 'consumer', worked: () => Promise<void>): Promise<void> => {
    const running = Array.from({ length: PROCESSES }, () => start(program));
    for (let kills = 0; kills < KILLS; kills++)
      for (const [i, child] of running.entries()) {
        await worked();
        await sleep(Math.random() * 50);
        await kill(child);
        running[i] = start(program);
      }
  };
  /** Events of some keys, version after version, as their transactions would have written them. */
  const write = async (keys: readonly string[], from: number, count: number): Promise<void> => {
    for (let at = from; at < from + count; at += 1000) {
      const events = Array.from({ length: Math.min(1000, from + count - at) }, (_, i) => {
        const key = keys[(at + i) % KEYS]!;
        return {
          contract: connectionUpdated,
          id: key,
          sequence: Math.floor((at + i) / KEYS) + 1,
          data: connection(key),
        };
      });
      await bench.connections.transaction((tx) => bench.outbox.addAll(tx, events));
    }
  };
  const inOutbox = () => bench.count(bench.connections, 'outbox');
  const inTopic = async () => (await kafka.topics.drain()).filter(({ topic }) => topic === kafka.names.onBroker(TOPIC));

  it(`E2 loses none of ${EVENTS} events, and no order, while 3 relays are killed ${KILLS} times each`, async () => {
    const keys = Array.from({ length: KEYS }, newKey);
    const share = Math.floor(EVENTS / (KILLS * PROCESSES));
    let written = 0;
    await killAll('relay', async () => {
      await write(keys, written, share);
      written += share;
      const waiting = await inOutbox();
      await until(async () => (await inOutbox()) < waiting);
    });
    await write(keys, written, EVENTS - written);
    await until(async () => (await inOutbox()) === 0);
    for (const child of [...children]) await kill(child);

    const records = await inTopic();
    const { distinct, inversions } = readingOf(records);
    process.stderr.write(
      `E2: ${EVENTS} events, ${KILLS * PROCESSES} kills: ${distinct} arrived, ${inversions} out of order, ` +
        `${records.length - distinct} came twice\n`,
    );
    expect({ distinct, inversions }).toEqual({ distinct: EVENTS, inversions: 0 });
  }, 1_800_000);

  it(`E3 has each of ${EVENTS} effects once while 3 consumers are killed ${KILLS} times each`, async () => {
    expect((await inTopic()).length).toBeGreaterThanOrEqual(EVENTS);
    const effects = () => bench.count(bench.accounts, 'effects');
    const step = Math.floor((EVENTS * 0.9) / (KILLS * PROCESSES));
    await killAll('consumer', async () => {
      const before = await effects();
      await until(async () => (await effects()) >= Math.min(before + step, EVENTS * 0.95));
    });
    await until(async () => (await effects()) === EVENTS);
    const lagging = async () => (await kafka.topics.lag(['connected-accounts'])).get('connected-accounts');
    await until(async () => (await lagging()) === 0);
    for (const child of [...children]) await kill(child);

    const calls = await bench.count(bench.accounts, 'calls');
    const [{ inversions }] = await bench.accounts.query<[{ inversions: number }]>(
      `SELECT count(*)::int AS inversions FROM (
         SELECT sequence - lag(sequence, 1, 0) OVER (PARTITION BY key ORDER BY position) AS step FROM effects) s
       WHERE step <> 1`,
    );
    process.stderr.write(
      `E3: ${EVENTS} events, ${KILLS * PROCESSES} kills: ${await effects()} effects, ${inversions} out of order, ` +
        `${calls - EVENTS} handled twice\n`,
    );
    expect({ effects: await effects(), inversions }).toEqual({ effects: EVENTS, inversions: 0 });
    expect(await bench.count(bench.accounts, 'parked_events')).toBe(0);
  }, 3_600_000);
});

/** How many different events there are, and how often one lies behind a later one of its key, repeats left out. */
function readingOf(records: readonly DrainedRecord[]): { distinct: number; inversions: number } {
  const seen = new Set<string>();
  const last = new Map<string, number>();
  let inversions = 0;
  for (const { key, headers } of [...records].sort((a, b) => a.partition - b.partition || a.offset - b.offset)) {
    const id = String(headers['ce_id']);
    if (seen.has(id)) continue;
    seen.add(id);
    const sequence = Number(String(headers['ce_sequence']));
    if (sequence !== (last.get(String(key)) ?? 0) + 1) inversions++;
    last.set(String(key), sequence);
  }
  return { distinct: seen.size, inversions };
}
