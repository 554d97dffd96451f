import { setTimeout as sleep } from 'node:timers/promises';
import { connectionUpdated } from '@strongroom/contracts';
import type { EntityManager } from 'typeorm';
import { EventBus, type OutgoingRecord } from '../event-bus.js';
import { RetryableError } from '../messaging.errors.js';
import { connection, DeliveryBench, disconnected, newKey, type Transport, until } from './delivery-bench.js';

/** A relay's process that dies once the bus has the batch and before the outbox forgets it. */
class DiesAfterHandOver extends EventBus {
  constructor(private readonly bus: EventBus) {
    super();
  }

  override async handOver(tx: EntityManager, batch: readonly OutgoingRecord[]): Promise<void> {
    await this.bus.handOver(tx, batch);
    throw new Error('killed');
  }
}

/** What every transport promises (`spec/events.md` §11). Each transport's int-spec is one call to this. */
export function describeDelivery(
  name: string,
  open: () => Promise<{ url: string; transport: Transport; stop: () => Promise<void> }>,
): void {
  describe(`delivery over ${name}`, () => {
    let bench: DeliveryBench;
    let stopServices: () => Promise<void>;

    beforeAll(async () => {
      const { url, transport, stop } = await open();
      stopServices = stop;
      bench = await DeliveryBench.open(url, transport);
    });
    afterEach(() => bench.stopAll());
    afterAll(async () => {
      await bench?.close();
      await stopServices?.();
    });

    const say = async (record: OutgoingRecord) =>
      bench.connections.transaction((tx) => bench.transport.bus.handOver(tx, [record]));
    /** A record as the relay would have made it, for tests that then spoil it. */
    const recordOf = async (key: string): Promise<OutgoingRecord> => {
      let made: OutgoingRecord | undefined;
      const catching = new (class extends EventBus {
        override async handOver(_tx: EntityManager, [record]: readonly OutgoingRecord[]): Promise<void> {
          made = record;
        }
      })();
      await bench.change(key);
      await bench.relay(catching).drain();
      return made!;
    };

    it('E1 says nothing when the transaction rolls back', async () => {
      const { accounts } = await bench.start();
      const [lost, kept] = [newKey(), newKey()];
      await expect(bench.change(lost, () => Promise.reject(new Error('rolled back')))).rejects.toThrow('rolled back');
      await bench.change(kept);
      expect(await bench.relay().drain()).toBe(1);
      await until(() => accounts.heard.length > 0);
      expect(accounts.heard.map(({ key }) => key)).toEqual([kept]);
      expect(await bench.count(bench.connections, 'things')).toBe(1);
    });

    it('E4 delivers again, with the same id and no second effect, after a death between acknowledgement and delete', async () => {
      const { accounts } = await bench.start();
      const key = newKey();
      await bench.change(key);
      await expect(bench.relay(new DiesAfterHandOver(bench.transport.bus)).drain()).rejects.toThrow('killed');
      expect(await bench.count(bench.connections, 'outbox')).toBe(1);

      expect(await bench.relay().drain()).toBe(1);
      const marker = newKey();
      await bench.change(marker);
      await bench.relay().drain();
      for (const one of [marker, key]) await until(async () => (await bench.effects(bench.accounts, one)).length === 1);
      expect(new Set(accounts.heard.filter((event) => event.key === key).map(({ id }) => id)).size).toBe(1);
      expect(await bench.effects(bench.accounts, key)).toHaveLength(1);
      expect(await bench.count(bench.connections, 'outbox')).toBe(0);
    });

    it('E4 delivers again, with the same id and no second effect, after a death between commit and offset', async () => {
      const first = await bench.start();
      first.loseOffsets();
      const key = newKey();
      await bench.change(key);
      await bench.relay().drain();
      await until(async () => (await bench.effects(bench.accounts, key)).length === 1);
      await first.stop();

      const second = await bench.start();
      await until(() => second.accounts.heard.length > 0);
      expect(second.accounts.heard[0]).toEqual(first.accounts.heard[0]);
      expect(await bench.effects(bench.accounts, key)).toEqual([first.accounts.heard[0]]);
    });

    it('E5 keeps the order of versions of each key, with 8 writers, 20 keys and slow commits', async () => {
      const { accounts } = await bench.start();
      const keys = Array.from({ length: 20 }, newKey);
      const relays = [bench.relay(), bench.relay()];
      for (const relay of relays) relay.start();
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let i = 0; i < 25; i++)
            await bench.change(keys[Math.floor(Math.random() * keys.length)]!, () => sleep(Math.random() * 15));
        }),
      );
      await until(async () => (await bench.count(bench.accounts, 'effects')) >= 200);
      for (const relay of relays) await relay.stop();
      for (const key of keys) {
        const sequences = accounts.heard.filter((event) => event.key === key).map(({ sequence }) => sequence);
        expect(sequences).toEqual(sequences.map((_, i) => i + 1));
      }
      expect(await bench.effects(bench.accounts)).toHaveLength(200);
    });

    it('E7 and E8 parks a key in order while a thousand others flow, and replays it once the handler is repaired', async () => {
      const { accounts, server } = await bench.start();
      const bad = newKey();
      accounts.inside = (_tx, { key, sequence }) => {
        if (key === bad && sequence === 1) throw new Error('cannot');
      };
      for (let i = 0; i < 10; i++) await bench.change(bad);
      await bench.sayMany(Array.from({ length: 1000 }, newKey));
      await bench.relay().drain();

      await until(async () => (await bench.count(bench.accounts, 'effects')) === 1000);
      await until(async () => (await bench.parked(bench.accounts, bad)).length === 10);
      const parked = await bench.parked(bench.accounts, bad);
      expect(parked.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(parked.map(({ error_class: error }) => error)).toEqual(['Error', ...Array(9).fill('ParkedBehind')]);
      expect(accounts.heard.filter(({ key, sequence }) => key === bad && sequence === 1)).toHaveLength(5);

      accounts.inside = () => undefined;
      expect(await server.parkedOf('connected-accounts')!.replay({ key: bad })).toEqual({ replayed: 10, parked: 0 });
      const effects = await bench.effects(bench.accounts, bad);
      expect(effects.map(({ id }) => id)).toEqual(parked.map(({ event_id: id }) => id));
      expect(await bench.parked(bench.accounts, bad)).toEqual([]);

      await bench.change(bad);
      await bench.relay().drain();
      await until(async () => (await bench.effects(bench.accounts, bad)).length === 11);
    });

    it('E7 lets no event overtake its parked key, even if its handler finds nothing to do', async () => {
      const { accounts } = await bench.start();
      const key = newKey();
      accounts.inside = () => Promise.reject(new Error('cannot'));
      await bench.change(key);
      await bench.relay().drain();
      await until(async () => (await bench.parked(bench.accounts, key)).length === 1);
      accounts.writes = false;
      await bench.change(key);
      await bench.relay().drain();
      await until(() => accounts.heard.some(({ sequence }) => sequence === 2));
      await until(async () => (await bench.parked(bench.accounts, key)).length === 2);
    });

    it('E8 stops a replay at the first failure and leaves the rest in order', async () => {
      const { accounts, server } = await bench.start();
      const key = newKey();
      accounts.inside = (_tx, { sequence }) => {
        if (sequence !== 2) throw new Error('cannot');
      };
      for (let i = 0; i < 4; i++) await bench.change(key);
      await bench.relay().drain();
      await until(async () => (await bench.parked(bench.accounts, key)).length === 4);

      accounts.inside = (_tx, { sequence }) => {
        if (sequence === 3) throw new Error('cannot');
      };
      expect(await server.parkedOf('connected-accounts')!.replay()).toEqual({ replayed: 2, parked: 2 });
      expect((await bench.parked(bench.accounts, key)).map(({ sequence }) => sequence)).toEqual([3, 4]);
      expect((await bench.effects(bench.accounts, key)).map(({ sequence }) => sequence)).toEqual([1, 2]);
    });

    it('E9 waits for a dependency for as long as it takes, and parks nothing', async () => {
      const { accounts } = await bench.start();
      let down = 12;
      accounts.before = () => {
        if (down-- > 0) throw new RetryableError('the port does not answer');
      };
      const key = newKey();
      await bench.change(key);
      await bench.change(key);
      await bench.relay().drain();
      await until(async () => (await bench.effects(bench.accounts, key)).length === 2);
      expect((await bench.effects(bench.accounts, key)).map(({ sequence }) => sequence)).toEqual([1, 2]);
      expect(await bench.count(bench.accounts, 'parked_events')).toBe(0);
    });

    it('E10 leaves one group untouched by the failure of another', async () => {
      const { accounts, tokensets } = await bench.start();
      accounts.inside = () => {
        throw new Error('cannot');
      };
      const key = newKey();
      await bench.change(key);
      await bench.change(key);
      await bench.relay().drain();
      await until(async () => (await bench.parked(bench.accounts, key)).length === 2);
      await until(async () => (await bench.effects(bench.tokensets, key)).length === 2);
      expect(tokensets.heard.map(({ sequence }) => sequence)).toEqual([1, 2]);
      expect(await bench.count(bench.tokensets, 'parked_events')).toBe(0);
    });

    it('E12 skips an unknown type, drops an unknown member and handles an unknown value of an enumeration', async () => {
      const { accounts } = await bench.start();
      const key = newKey();
      const record = await recordOf(key);
      await say({ ...record, headers: { ...record.headers, ce_type: 'strongroom.connection.renamed.v1' } });
      const grown = { ...connection(key), actor: { kind: 'robot', model: 'new' }, added: 'later' };
      await say({ ...record, value: JSON.stringify(grown) });
      await until(() => accounts.wires.length > 0);
      expect(accounts.heard).toHaveLength(1);
      const { data } = connectionUpdated.read(accounts.wires[0]);
      expect(data).toEqual({ ...connection(key), actor: { kind: 'robot' } });
      expect(await bench.count(bench.accounts, 'parked_events')).toBe(0);
    });

    it('E13 parks a malformed value, a missing id and a foreign source; neighbours flow', async () => {
      const { accounts } = await bench.start();
      const [malformed, nameless, foreign, well] = [newKey(), newKey(), newKey(), newKey()];
      await say({ ...(await recordOf(malformed)), value: '{"connectionId": 7' });
      const { ce_id: _id, ...headers } = (await recordOf(nameless)).headers;
      await say({ ...(await recordOf(nameless)), headers });
      const record = await recordOf(foreign);
      await say({ ...record, headers: { ...record.headers, ce_source: 'urn:strongroom:audit' } });
      for (const key of [well, nameless]) await bench.change(key);
      await bench.relay().drain();
      await until(async () => (await bench.count(bench.accounts, 'effects')) === 2);
      await until(async () => (await bench.count(bench.accounts, 'parked_events')) === 3);
      expect(accounts.heard.map(({ key }) => key).sort()).toEqual([well, nameless].sort());
      expect(
        await bench.accounts.query(
          'SELECT key, event_id IS NULL AS nameless, error_class FROM parked_events ORDER BY 3',
        ),
      ).toEqual([
        { key: malformed, nameless: false, error_class: 'MalformedEventError' },
        { key: null, nameless: true, error_class: 'UnreadableEvent' },
        { key: foreign, nameless: false, error_class: 'WrongSource' },
      ]);
    });

    it('E15 delivers headers and value byte for byte as the contract wrote them', async () => {
      const { accounts } = await bench.start();
      const key = newKey();
      const data = { ...connection(key, 'Größe "1" \\ \u2028 🔑'), enabledClientCount: 1e3 };
      await bench.connections.transaction((tx) =>
        bench.outbox.add(tx, connectionUpdated, { id: key, sequence: 7, data }),
      );
      const [row] = await bench.connections.query<[{ id: string; created_at: Date }]>(
        'SELECT id, created_at FROM outbox',
      );
      await bench.relay().drain();
      await until(() => accounts.wires.length > 0);
      expect(accounts.wires).toEqual([
        {
          headers: {
            'content-type': 'application/json; charset=utf-8',
            ce_specversion: '1.0',
            ce_id: row.id,
            ce_source: 'urn:strongroom:connections',
            ce_type: 'strongroom.connection.updated.v1',
            ce_subject: key,
            ce_partitionkey: key,
            ce_time: row.created_at.toISOString(),
            ce_dataschema: 'urn:strongroom:schema:connection.updated:v1',
            ce_sequence: '00000000000000000007',
          },
          value: connectionUpdated.write(data),
        },
      ]);
    });

    it('E18 keeps parked keys, offsets and effects over a restart', async () => {
      const first = await bench.start();
      const [bad, good] = [newKey(), newKey()];
      first.accounts.inside = (_tx, { key }) => {
        if (key === bad) throw new Error('cannot');
      };
      for (const key of [bad, good]) await bench.change(key);
      await bench.relay().drain();
      await until(async () => (await bench.parked(bench.accounts, bad)).length === 1);
      await until(async () => (await bench.effects(bench.accounts, good)).length === 1);
      await first.stop();

      const second = await bench.start();
      for (const key of [bad, good]) await bench.change(key);
      await bench.relay().drain();
      await until(async () => (await bench.parked(bench.accounts, bad)).length === 2);
      await until(async () => (await bench.effects(bench.accounts, good)).length === 2);
      expect(await bench.effects(bench.accounts, bad)).toEqual([]);
      const handled = second.accounts.heard.filter(({ key }) => key === good);
      expect(handled.map(({ sequence }) => sequence)).toEqual([2]);
    });

    it('E19 refuses an event that looks like a secret, and the change with it', async () => {
      const key = newKey();
      const data = connection(key, 'cnry_planted');
      await expect(
        bench.connections.transaction(async (tx) => {
          await tx.query('INSERT INTO things VALUES ($1, 1)', [key]);
          await bench.outbox.add(tx, connectionUpdated, { id: key, sequence: 1, data });
        }),
      ).rejects.toThrow('secret');
      expect(await bench.count(bench.connections, 'things')).toBe(0);
      expect(await bench.count(bench.connections, 'outbox')).toBe(0);
    });

    it("E20 writes a handler's own events with its effect: both or neither", async () => {
      const { accounts } = await bench.start();
      let fail = true;
      accounts.inside = async (tx) => {
        await bench.ownOutbox.addAll(tx, [disconnected]);
        if (fail) throw new Error('cannot');
      };
      const key = newKey();
      await bench.change(key);
      await bench.relay().drain();
      await until(async () => (await bench.parked(bench.accounts, key)).length === 1);
      expect(await bench.count(bench.accounts, 'outbox')).toBe(0);
      expect(await bench.effects(bench.accounts, key)).toEqual([]);

      fail = false;
      const other = newKey();
      await bench.change(other);
      await bench.relay().drain();
      await until(async () => (await bench.effects(bench.accounts, other)).length === 1);
      expect(await bench.count(bench.accounts, 'outbox')).toBe(1);
    });
  });
}
