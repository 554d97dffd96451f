import { migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import { DeliveryBench, GROUPS, logger, newKey, TOPIC, type Transport, until } from '../conformance/delivery-bench.js';
import { describeDelivery } from '../conformance/delivery.conformance.js';
import { Notifications } from '../notifications.js';
import { busDatabase } from './bus-database.js';
import { InProcessBus, type Position } from './in-process-bus.js';
import { InProcessEventServer } from './in-process-event-server.js';

class LosesOffsets extends InProcessBus {
  lost = false;

  override async move(group: string, positions: readonly Position[]): Promise<void> {
    if (this.lost) throw new Error('killed before the offset was stored');
    await super.move(group, positions);
  }
}

const transportOver = (url: string): Transport => {
  const bus = new InProcessBus(url);
  return {
    bus,
    server: async (options) => {
      const own = new LosesOffsets(url);
      const notifications = new Notifications(url, logger);
      await notifications.connect();
      return {
        strategy: new InProcessEventServer({ ...options, bus: own, notifications }),
        loseOffsets: () => void (own.lost = true),
        release: async () => {
          await notifications.close();
          await own.close();
        },
      };
    },
    forget: async () => {
      const { offset } = (await bus.following([TOPIC], 0, 100_000)).at(-1) ?? { offset: 0 };
      for (const group of GROUPS) {
        const positions = await bus.positions(group, [TOPIC]);
        await bus.move(
          group,
          positions.map((position) => ({ ...position, offset })),
        );
      }
    },
    stop: () => bus.close(),
  };
};

describeDelivery('the log in Postgres', async () => {
  const postgres = await testPostgres();
  await migrate(busDatabase(postgres.url));
  return { url: postgres.url, transport: transportOver(postgres.url), stop: () => postgres.stop() };
});

describe('the log in Postgres itself', () => {
  let postgres: TestService;
  let bench: DeliveryBench;
  let bus: InProcessBus;

  beforeAll(async () => {
    postgres = await testPostgres();
    await migrate(busDatabase(postgres.url));
    bus = new InProcessBus(postgres.url);
    bench = await DeliveryBench.open(postgres.url, transportOver(postgres.url));
  });
  afterEach(() => bench.stopAll());
  afterAll(async () => {
    await bench?.close();
    await bus?.close();
    await postgres?.stop();
  });

  it('E6 goes on in order after every connection was cut', async () => {
    const { accounts } = await bench.start();
    const relay = bench.relay();
    relay.start();
    const key = newKey();
    await bench.change(key);
    await until(() => accounts.heard.length === 1);
    await bench.connections.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name LIKE 'strongroom-%' AND pid <> pg_backend_pid()`,
    );
    await until(async () => {
      await bench.change(key).catch(() => undefined);
      return (await bench.effects(bench.accounts, key).catch(() => [])).length >= 5;
    });
    await until(async () => (await relay.drain()) === 0 && (await bus.isRead()));
    await relay.stop();
    const sequences = (await bench.effects(bench.accounts, key)).map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, i) => i + 1));
  });

  it('E14 lets one process of a group read at a time, and the next one go on where it stopped', async () => {
    const [first, second] = [await bench.start(), await bench.start()];
    const keys = Array.from({ length: 30 }, newKey);
    for (const key of keys) await bench.change(key);
    await bench.relay().drain();
    await until(() => first.accounts.heard.length + second.accounts.heard.length >= 30);
    const [active, standby] = first.accounts.heard.length > 0 ? [first, second] : [second, first];
    expect(standby.accounts.heard).toEqual([]);
    await active.stop();
    for (const key of keys) await bench.change(key);
    await bench.relay().drain();
    await until(async () => (await bench.effects(bench.accounts)).length === 60);
    expect(standby.accounts.heard.every(({ sequence }) => sequence === 2)).toBe(true);
    expect(standby.accounts.heard).toHaveLength(30);
  });

  it('E24 forgets after a day what every group has read, and nothing that one has not', async () => {
    const running = await bench.start();
    const [read, unread] = [newKey(), newKey()];
    await bench.change(read);
    await bench.relay().drain();
    await until(async () => (await bench.effects(bench.tokensets, read)).length === 1);
    await until(async () => (await bench.effects(bench.accounts, read)).length === 1);
    await until(() => bus.isRead());
    await running.stop();
    await bench.change(unread);
    await bench.relay().drain();
    const kept = async () =>
      (await bench.connections.query<{ key: string }[]>('SELECT key FROM bus.bus_log')).map(({ key }) => key);

    await bus.clean();
    expect(await kept()).toEqual(expect.arrayContaining([read, unread]));
    await bench.connections.query(`UPDATE bus.bus_log SET at = at - interval '25 hours'`);
    await bus.clean();
    expect(await kept()).toEqual([unread]);
  });

  it('begins for a new group at the end of the log', async () => {
    await bench.change(newKey());
    await bench.relay().drain();
    const positions = await bus.positions('strongroom.new', ['strongroom.connections.v1']);
    expect(positions).toHaveLength(12);
    expect(await bus.after(positions, 10)).toEqual([]);
  });
});
