import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { kafkaOfOwn, testKafka, testPostgres, type TestService, whereThereIs } from '@strongroom/testing';
import { DeliveryBench, newKey, until } from '../conformance/delivery-bench.js';
import { KafkaUnderTest, SESSION_MS } from '../conformance/kafka-transport.js';

/** How long things are away or slow; the full run of `spec/events.md` §11 sets 60, 30 and 60. */
const seconds = (name: string, short: number): number =>
  Number(process.env[`STRONGROOM_TEST_${name}_SECONDS`] ?? short);
const BROKER_AWAY = seconds('BROKER_AWAY', 5);
const DATABASE_AWAY = seconds('DATABASE_AWAY', 8);
const SLOW_HANDLER = seconds('SLOW_HANDLER', 10);

/** A database that can be taken away from those who reach it through here. */
class Gate {
  private readonly open = new Set<Socket>();
  private readonly server: Server;
  private port = 0;

  private constructor(private readonly to: URL) {
    this.server = createServer((socket) => {
      const onward = connect(Number(this.to.port), this.to.hostname);
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const) {
        this.open.add(one);
        one.pipe(other);
        one.on('error', () => undefined);
        one.on('close', () => {
          this.open.delete(one);
          other.destroy();
        });
      }
    });
  }

  static async before(url: string): Promise<Gate> {
    const gate = new Gate(new URL(url));
    await gate.let();
    return gate;
  }

  get url(): string {
    const url = new URL(this.to);
    url.hostname = '127.0.0.1';
    url.port = String(this.port);
    return url.href;
  }

  async let(): Promise<void> {
    await new Promise<void>((done) => this.server.listen(this.port, '127.0.0.1', done));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async shut(): Promise<void> {
    const closed = new Promise((done) => this.server.close(done));
    for (const socket of this.open) socket.destroy();
    await closed;
  }
}

const broker = await testKafka();

whereThereIs(broker, 'Kafka', 'Kafka, when something fails', () => {
  let postgres: TestService;
  let gate: Gate;
  let kafka: KafkaUnderTest;
  let bench: DeliveryBench;

  beforeAll(async () => {
    postgres = await testPostgres();
    gate = await Gate.before(postgres.url);
    kafka = new KafkaUnderTest(broker!.url, SESSION_MS);
    bench = await DeliveryBench.open(postgres.url, await kafka.transport(), gate.url);
  });
  afterEach(() => bench.stopAll());
  afterAll(async () => {
    await bench?.close();
    await gate?.shut();
    await postgres?.stop();
    await broker?.stop();
  });

  const sequencesOf = async (key: string) => (await bench.effects(bench.accounts, key)).map(({ sequence }) => sequence);

  it(`E9 parks and loses nothing while the consumer's database is away for ${DATABASE_AWAY} s`, async () => {
    const { accounts, tokensets } = await bench.start();
    const relay = bench.relay();
    relay.start();
    const keys = Array.from({ length: 20 }, newKey);
    for (const key of keys) await bench.change(key);
    await until(async () => (await bench.effects(bench.accounts)).length === 20);
    await until(() => tokensets.heard.length === 20);
    const joins = kafka.joins;

    await gate.shut();
    for (let i = 0; i < 5; i++) for (const key of keys) await bench.change(key);
    await until(() => tokensets.heard.length === 120);
    await sleep(DATABASE_AWAY * 1000);
    await gate.let();

    await until(async () => (await bench.effects(bench.accounts)).length === 120);
    await relay.stop();
    for (const key of keys) expect(await sequencesOf(key)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await bench.count(bench.accounts, 'parked_events')).toBe(0);
    expect(new Set(accounts.heard.map(({ id }) => id)).size).toBe(120);
    expect(kafka.joins).toBe(joins);
  });

  it('E16 ends what is in hand and stores its offset when it is shut down under load', async () => {
    const first = await bench.start();
    let inHand = 0;
    const ended: string[] = [];
    let letGo = () => {};
    const stopping = new Promise<void>((resolve) => (letGo = resolve));
    first.accounts.before = async ({ id }) => {
      inHand++;
      // From here on work is in hand until the stop, however slow the machine is.
      if (ended.length > 50) await stopping;
      await sleep(20);
      inHand--;
      ended.push(id);
    };
    const keys = Array.from({ length: 200 }, newKey);
    await bench.sayMany(keys);
    await bench.relay().drain();
    await until(() => ended.length > 50 && inHand > 0);
    const atStop = inHand;
    const stopped = first.stop();
    letGo();
    await stopped;
    expect(inHand).toBe(0);
    const handled = new Set((await bench.effects(bench.accounts)).map(({ id }) => id));
    expect(handled).toEqual(new Set(first.accounts.heard.map(({ id }) => id)));
    expect(handled.size).toBeLessThan(200);

    const second = await bench.start();
    await until(async () => (await bench.effects(bench.accounts)).length === 200);
    const again = second.accounts.heard.filter(({ id }) => handled.has(id));
    expect(again.length).toBeLessThanOrEqual(atStop);
  });

  it(`E17 keeps its partitions while a handler takes ${SLOW_HANDLER} s, and the others flow`, async () => {
    expect(SLOW_HANDLER * 1000).toBeGreaterThan(SESSION_MS);
    const { accounts, tokensets } = await bench.start();
    const slow = newKey();
    let isDone = false;
    accounts.before = async ({ key }) => {
      if (key !== slow || isDone) return;
      await sleep(SLOW_HANDLER * 1000);
      isDone = true;
    };
    await bench.change(slow);
    await bench.relay().drain();
    await until(() => accounts.heard.length === 1);
    await until(() => tokensets.heard.length === 1); // its group has joined as well
    const joins = kafka.joins;
    // Partitions by the dozen: nearly all of these lie beside that of the slow one.
    const others = Array.from({ length: 100 }, newKey);
    await bench.sayMany(others);
    await bench.relay().drain();
    await until(() => accounts.heard.length > 50);
    expect(isDone).toBe(false);

    await until(async () => (await bench.effects(bench.accounts)).length === 101);
    expect(accounts.heard).toHaveLength(101);
    expect(kafka.joins).toBe(joins);
  });
});

const own = broker ? await kafkaOfOwn() : undefined;

whereThereIs(own, 'Kafka that may be killed', 'Kafka itself away', () => {
  let postgres: TestService;
  let kafka: KafkaUnderTest;
  let bench: DeliveryBench;

  beforeAll(async () => {
    postgres = await testPostgres();
    kafka = new KafkaUnderTest(own!.url, SESSION_MS);
    bench = await DeliveryBench.open(postgres.url, await kafka.transport());
  });
  afterAll(async () => {
    try {
      await bench?.close();
    } finally {
      await postgres?.stop();
      await own?.remove();
    }
  });

  it(`E6 lets writers go on while the broker is killed and away for ${BROKER_AWAY} s, and loses no order`, async () => {
    const { accounts } = await bench.start();
    const relay = bench.relay();
    relay.start();
    const keys = Array.from({ length: 20 }, newKey);
    let written = 0;
    const write = async () => {
      for (const key of keys) await bench.change(key);
      written += keys.length;
    };
    await write();
    await until(async () => (await bench.effects(bench.accounts)).length === written);
    // The broker's word has come for all of it: what stands in the outbox from here on was written while it is away.
    await until(async () => (await bench.count(bench.connections, 'outbox')) === 0);

    await own!.stop();
    const back = Date.now() + BROKER_AWAY * 1000;
    while (Date.now() < back) {
      await write();
      await sleep(200);
    }
    expect(await bench.count(bench.connections, 'outbox')).toBe(written - keys.length);
    await own!.start();
    await write();

    await until(async () => (await bench.effects(bench.accounts)).length === written);
    await until(async () => (await bench.effects(bench.tokensets)).length === written);
    await until(async () => (await bench.count(bench.connections, 'outbox')) === 0);
    await relay.stop();
    for (const key of keys) {
      const sequences = (await bench.effects(bench.accounts, key)).map(({ sequence }) => sequence);
      expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    }
    expect(await bench.count(bench.accounts, 'parked_events')).toBe(0);
    process.stderr.write(`E6: ${accounts.heard.length - written} of ${written} events came twice\n`);
    await until(async () =>
      [...(await kafka.topics.lag(['connected-accounts', 'tokensets'])).values()].every((n) => n === 0),
    );
  });

  it('starts while the broker is away, and hears everything once it is back', async () => {
    await bench.stopAll();
    await own!.stop();
    const { accounts } = await bench.start();
    const relay = bench.relay();
    relay.start();
    const key = newKey();
    await bench.change(key);
    await sleep(1000);
    expect(accounts.heard).toEqual([]);
    await own!.start();
    await until(async () => (await bench.effects(bench.accounts, key)).length === 1);
    await relay.stop();
  });

  it('closes while the broker is away', async () => {
    const running = await bench.start();
    await own!.stop();
    await running.stop();
    await own!.start();
    await bench.stopAll();
  });
});
