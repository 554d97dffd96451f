import { setTimeout as sleep } from 'node:timers/promises';
import {
  eventually,
  GRACE,
  Installation,
  LONG,
  Scene,
  type Server,
  SHORT,
  startServer,
  startSimulator,
  untilOver,
} from './driver/index.js';

const KILLS = Number(process.env['STRONGROOM_TEST_KILLS'] ?? 4);

describe('a server that ends and starts again', () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let server: Server;
  let installation: Installation;
  beforeAll(async () => {
    simulator = await startSimulator();
    server = await startServer(simulator.url);
    installation = new Installation(server.address);
  });
  afterAll(async () => {
    await installation?.close();
    await server?.remove();
    await simulator?.stop();
  });

  it('loses nothing by an orderly stop', async () => {
    const scene = await Scene.create(installation);
    const { id } = await scene.connect();
    const before = await scene.exchange();
    expect(await server.stop()).toBe(0);
    await server.start();
    const after = await scene.exchange();
    expect(after.status).toBe(200);
    expect(after.json['access_token']).toBe(before.json['access_token']);
    expect(await scene.accounts()).toMatchObject([{ id }]);
    expect(await scene.provider.refreshes()).toBe(0);
  });

  it('finishes a refresh that is under way at Ctrl-C, its exchange included, at a strict provider', async () => {
    await server.stop();
    await server.start({ ownGroup: true });
    const scene = await Scene.create(installation, {
      provider: { ...SHORT, refresh: { rotate: 'always', reuse: 'killGrant' } },
    });
    await scene.connect();
    await scene.provider.change(LONG);
    await untilOver();
    await scene.provider.fault({ grantType: 'refresh_token', delayMsAfterCommit: 2000 });
    const under = scene.exchange();
    await eventually(
      () => scene.provider.state(),
      (state) => state.committed.refresh_token === 1,
    );
    expect(await server.interrupt()).toBe(0);
    expect((await under).status).toBe(200);
    await server.start();
    expect((await scene.exchange()).json['access_token']).toBe((await under).json['access_token']);
    expect((await scene.provider.state()).liveGrants).toBe(1);
  });

  it('CN-31 completes a connect flow that was at its last step when the process was killed', async () => {
    const scene = await Scene.create(installation);
    const flow = scene.flow();
    await flow.begin();
    await flow.throughBrowser();
    await server.kill();
    await server.start();
    expect((await flow.complete()).status).toBe(201);
    expect((await scene.exchange()).status).toBe(200);
    expect((await scene.provider.state()).tokenRequests.authorization_code).toBe(1);
  });

  /** When the process dies, seen from the provider. */
  const moments = [
    { name: 'before the provider has committed', fault: { delayMsBeforeCommit: 3000 }, committed: 0, waitMs: 0 },
    { name: 'when the provider has committed', fault: { delayMsAfterCommit: 3000 }, committed: 1, waitMs: 0 },
    { name: 'when the answer is on its way', fault: null, committed: 1, waitMs: 0 },
    { name: 'a moment after the answer', fault: null, committed: 1, waitMs: 5 },
  ];
  const rounds = Array.from({ length: KILLS }, (_, i) => ({ ...moments[i % moments.length]!, round: i + 1 }));

  it.each(rounds)(
    'serves the next exchange after kill -9 of a refresh, $name (round $round)',
    async ({ fault, committed, waitMs }) => {
      const scene = await Scene.create(installation, {
        provider: { ...GRACE.provider, ...SHORT },
        options: GRACE.options,
      });
      await scene.connect();
      await scene.provider.change(LONG);
      await untilOver();
      if (fault) await scene.provider.fault({ grantType: 'refresh_token', ...fault });
      const lost = scene.exchange().catch(() => null);
      await eventually(
        () => scene.provider.state(),
        (state) => state.tokenRequests.refresh_token === 1 && state.committed.refresh_token >= committed,
      );
      if (waitMs) await sleep(waitMs);
      await server.kill();
      await lost;
      await server.start();
      const answer = await scene.exchange();
      expect({ status: answer.status, text: answer.status === 200 ? '' : answer.text }).toEqual({
        status: 200,
        text: '',
      });
      expect(await scene.provider.owner(String(answer.json['access_token']))).toBe('person-1');
      expect((await scene.exchange()).json['access_token']).toBe(answer.json['access_token']);
      expect((await scene.provider.state()).liveGrants).toBe(1);
    },
  );
});
