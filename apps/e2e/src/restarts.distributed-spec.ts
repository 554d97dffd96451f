import { serviceNames } from '@strongroom/contracts';
import {
  DistributedServer,
  eventually,
  GRACE,
  Installation,
  lag,
  outOfOrder,
  type Refused,
  Scene,
  startSimulator,
  SteadyLoad,
  toldRecords,
} from './driver/index.js';

/** Exchanges between two restarts. */
const BETWEEN = Number(process.env['STRONGROOM_TEST_EXCHANGES_BETWEEN'] ?? 40);

describe('services that end and start again under steady exchanges', () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let server: DistributedServer;
  let installation: Installation;
  let scenes: Scene[];
  /** Its account is being connected when the service that is to store it is killed. */
  let interrupted: Scene;
  beforeAll(async () => {
    simulator = await startSimulator();
    server = await DistributedServer.start(simulator.url, {
      environment: { STRONGROOM_MIN_TOKEN_LIFE_SECONDS: '1' },
      isThrownAway: true,
    });
    installation = new Installation(server.address);
    const provider = { ...GRACE.provider, announcedSeconds: 4 };
    const refreshing = await Scene.create(installation, { provider, options: GRACE.options });
    const fresh = await Scene.create(installation);
    scenes = [refreshing, fresh, await fresh.another()];
    for (const [i, scene] of scenes.entries()) await scene.connect(`person-${i + 1}`);
    interrupted = await Scene.create(installation);
    await killedWhileCompleting(interrupted);
  }, 600_000);
  afterAll(async () => {
    await installation?.close();
    await server?.remove();
    await simulator?.stop();
  });

  /** The provider has given the tokens, and they are on their way to the vault. */
  async function killedWhileCompleting(scene: Scene): Promise<void> {
    await scene.provider.fault({ grantType: 'authorization_code', delayMsAfterCommit: 5000 });
    const flow = scene.flow();
    await flow.begin();
    await flow.throughBrowser();
    const completing = flow.complete();
    const committed = async () => (await scene.provider.state()).committed.authorization_code;
    await eventually(committed, (count) => count === 1);
    const [process] = server.of('connected-accounts');
    await process!.kill();
    await process!.start();
    expect((await completing).status).toBeGreaterThanOrEqual(500);
  }
  /** Half a minute after the kill. */
  const appeared = () =>
    eventually(
      () => interrupted.accounts(),
      ({ length }) => length > 0,
    );

  it('each is restarted by SIGTERM and killed with -9: no token lost, 503 with Retry-After at worst, events complete', async () => {
    const load = new SteadyLoad(scenes);
    const told: Record<string, number> = {};
    for (const name of serviceNames)
      for (const how of ['SIGTERM', 'SIGKILL'] as const) {
        const [process] = server.of(name);
        await load.afterIssued(BETWEEN);
        const before = load.refused.length;
        if (how === 'SIGTERM') expect(await process!.stop()).toBe(0);
        else await process!.kill();
        await process!.start();
        await load.afterIssued(BETWEEN);
        told[`${name} ${how}`] = load.refused.length - before;
      }
    await load.stop();
    console.log(`exchanges handed out: ${load.total}; refused meanwhile: ${JSON.stringify(told)}`);
    const isLate = ({ status, retryAfter }: Refused) => status === 503 && Number(retryAfter) > 0;
    expect(load.refused.filter((refused) => !isLate(refused))).toEqual([]);

    for (const [i, scene] of scenes.entries()) {
      const answer = await scene.exchange();
      expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
      expect(await scene.provider.owner(String(answer.json['access_token']))).toBe(`person-${i + 1}`);
    }
    expect((await scenes[0]!.provider.state()).liveGrants).toBe(1);

    await appeared(); // what it says is among the events then
    const left = await eventually(
      () => lag(server.servers).catch(() => -1),
      (now) => now === 0,
    );
    expect(left).toBe(0);
    const { records, entries } = await toldRecords(server);
    const events = [...new Map(records.map((record) => [record.id, record])).values()];
    const said = new Map<string, number>();
    for (const { type, data } of events)
      if (type === 'strongroom.exchange.succeeded.v1') {
        const print = String(data['tokenThumbprint']);
        said.set(print, (said.get(print) ?? 0) + 1);
      }
    const untold = [...load.issued].filter(([print, count]) => (said.get(print) ?? 0) < count);
    expect(untold).toEqual([]);
    expect(outOfOrder(records)).toEqual([]);

    expect(entries).toBe(events.length);
  }, 1_800_000);

  it('CN-30 an account whose service was killed once its code was redeemed appears, and the code was sent once', async () => {
    expect(await appeared()).toMatchObject([{ connection: interrupted.connection.name }]);
    const answer = await interrupted.exchange();
    expect(answer.status).toBe(200);
    expect(await interrupted.provider.owner(String(answer.json['access_token']))).toBe('person-1');
    expect((await interrupted.provider.state()).tokenRequests.authorization_code).toBe(1);
  });
});
