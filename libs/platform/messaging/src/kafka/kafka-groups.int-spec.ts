import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectionUpdated, type EventContract, tokensetDeleted, tokensetRevoked } from '@strongroom/contracts';
import { testKafka, testPostgres, type TestService, whereThereIs } from '@strongroom/testing';
import { connection, DeliveryBench, newKey, until } from '../conformance/delivery-bench.js';
import { KafkaUnderTest } from '../conformance/kafka-transport.js';
import { cloudEvent } from '../cloud-event.js';
import type { DrainedRecord } from './kafka-drain.js';
import { KafkaNames } from './kafka-names.js';

class LateGroups extends KafkaNames {
  override groupOf(context: string): string {
    return `${this.prefix}.late.${context}`;
  }
}

const broker = await testKafka();

whereThereIs(broker, 'Kafka', 'groups over Kafka', () => {
  let postgres: TestService;
  let kafka: KafkaUnderTest;
  let bench: DeliveryBench;

  beforeEach(async () => {
    kafka = new KafkaUnderTest(broker!.url);
    bench = await DeliveryBench.open(postgres.url, await kafka.transport());
  });
  beforeAll(async () => void (postgres = await testPostgres()));
  afterEach(() => bench?.close());
  afterAll(async () => {
    await postgres?.stop();
    await broker?.stop();
  });

  /** What a reader that keeps a projection ends with. */
  const stateOf = async () => {
    const state = new Map<string, number>();
    for (const { key, sequence } of await bench.effects(bench.accounts))
      state.set(key, Math.max(sequence, state.get(key) ?? 0));
    return state;
  };
  const say = (contract: EventContract, key: string, sequence: number, data: unknown) =>
    bench.connections.transaction((tx) =>
      bench.transport.bus.handOver(tx, [
        cloudEvent(contract.producers[0]!, {
          position: '0',
          id: randomUUID(),
          aggregatetype: contract.topic.split('.')[1]!,
          aggregateid: key,
          type: contract.ceType,
          sequence: String(sequence),
          payload: contract.write(data),
          traceparent: null,
          created_at: new Date(),
        }),
      ]),
    );
  const recordsOf = async (topic: string): Promise<DrainedRecord[]> => {
    const all = await kafka.topics.drain();
    return all.filter((record) => record.topic === kafka.names.onBroker(topic));
  };
  /** Says more and more under other keys, so that segments end, until the cleaner has been there. */
  const compacted = async (
    contract: EventContract,
    prefix: string,
    data: (key: string) => unknown,
    isDone: (left: DrainedRecord[]) => boolean,
  ) => {
    await kafka.compact(contract.topic);
    for (let n = 1; ; n++) {
      await sleep(1000);
      for (let i = 0; i < 30; i++) {
        const key = `${prefix}filler${i}`;
        await say(contract, key, n, data(key));
      }
      if (isDone(await recordsOf(contract.topic))) return;
    }
  };

  it('E11 lets a group that is new after 1,000 events see all of them', async () => {
    const keys = Array.from({ length: 20 }, newKey);
    for (let i = 0; i < 50; i++) await Promise.all(keys.map((key) => bench.change(key)));
    await bench.relay().drain();
    const { accounts } = await bench.start();
    await until(async () => (await bench.count(bench.accounts, 'effects')) === 1000);
    for (const key of keys) {
      // One that comes twice, on a slow machine say, has its effect once.
      const effects = await bench.effects(bench.accounts, key);
      expect(effects.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    }
    expect(new Set(accounts.heard.map(({ id }) => id)).size).toBe(1000);
  });

  it('E11 lets a group that is new after compaction end with the same state as an old one', async () => {
    const keys = Array.from({ length: 20 }, newKey);
    const old = await bench.start();
    for (let i = 0; i < 50; i++) await Promise.all(keys.map((key) => bench.change(key)));
    await bench.relay().drain();
    await until(() => old.accounts.heard.length >= 1000);
    const ours = (records: DrainedRecord[]) => records.filter(({ key }) => keys.includes(String(key)));
    await compacted(
      connectionUpdated,
      'con_',
      (key) => connection(key),
      (left) => ours(left).length === keys.length,
    );
    await bench.change(keys[0]!);
    await bench.relay().drain();
    await until(async () => (await stateOf()).get(keys[0]!) === 51);
    // Of the fillers some may still be on their way.
    const state = new Map([...(await stateOf())].filter(([key]) => keys.includes(key)));
    expect(state.size).toBe(keys.length);
    await old.stop();
    await bench.accounts.query('TRUNCATE effects');

    const late = await DeliveryBench.open(postgres.url, await kafka.transport(new LateGroups(kafka.topicPrefix)));
    const { accounts } = await late.start();
    await until(async () => {
      const now = await stateOf();
      return [...state].every(([key, sequence]) => now.get(key) === sequence);
    });
    const ids = accounts.heard.filter(({ key }) => keys.includes(key)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(21);
    await late.close();
  }, 300_000);

  it('E11 leaves of a revoked tokenset that it is deleted, after compaction too', async () => {
    const key = `ts_${randomUUID().replaceAll('-', '')}`;
    const state = (tokensetId: string) => ({
      ...{ tokensetId, personId: randomUUID(), userId: null, connectionId: 'con_1', accountId: 'cac_1' },
      status: 'deleted',
      actor: { kind: 'system' },
    });
    const deleted = (tokensetId: string) => ({ ...state(tokensetId), reason: 'requested', keyId: randomUUID() });
    await say(tokensetDeleted, key, 1, deleted(key));
    await say(tokensetRevoked, key, 2, {
      ...state(key),
      ...{ outcome: 'revoked', effect: null, attempts: 1, code: null },
    });
    const ours = (records: DrainedRecord[]) => records.filter((record) => String(record.key) === key);
    await compacted(tokensetDeleted, 'ts_', deleted, (left) => ours(left).length === 1);

    const [last] = ours(await recordsOf(tokensetRevoked.topic));
    const headers = Object.fromEntries(Object.entries(last!.headers).map(([name, value]) => [name, String(value)]));
    const { data, sequence } = tokensetRevoked.read({ headers, value: String(last!.value) });
    expect({ status: data.status, sequence }).toEqual({ status: 'deleted', sequence: 2 });
  }, 300_000);

  it('E14 loses and doubles no effect while one process becomes three, and one again, under load', async () => {
    const keys = Array.from({ length: 30 }, newKey);
    const relay = bench.relay();
    relay.start();
    let written = 0;
    let isLoaded = true;
    const load = (async () => {
      while (isLoaded) {
        await Promise.all(keys.map((key) => bench.change(key)));
        written += keys.length;
      }
    })();
    const first = await bench.start();
    await until(() => first.accounts.heard.length > 100);
    const [second, third] = [await bench.start(), await bench.start()];
    await until(() =>
      [second, third].every(({ accounts, tokensets }) => accounts.heard.length * tokensets.heard.length > 0),
    );
    const alone = third.accounts.heard.length;
    await Promise.all([first.stop(), second.stop()]);
    await until(() => third.accounts.heard.length > alone + 200);
    isLoaded = false;
    await load;
    for (const database of [bench.accounts, bench.tokensets]) {
      await until(async () => (await bench.count(database, 'effects')) === written);
      for (const key of keys) {
        const sequences = (await bench.effects(database, key)).map(({ sequence }) => sequence);
        expect(sequences).toEqual(sequences.map((_, i) => i + 1));
      }
      expect(await bench.count(database, 'parked_events')).toBe(0);
    }
    await relay.stop();
    const heard = [first, second, third].reduce((sum, { accounts }) => sum + accounts.heard.length, 0);
    process.stderr.write(`E14: ${heard - written} of ${written} events came twice\n`);
  }, 300_000);
});
