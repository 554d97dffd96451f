import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import {
  DistributedServer,
  eventually,
  Http,
  Installation,
  type Json,
  lag,
  LONG,
  MY_ACCOUNT_SCOPE,
  myAccountToken,
  outOfOrder,
  patiently,
  Scene,
  SHORT,
  startSimulator,
  SteadyLoad,
  toldRecords,
  untilOver,
  vaultForm,
} from './driver/index.js';

const DOWN_SECONDS = Number(process.env['STRONGROOM_TEST_DOWN_SECONDS'] ?? 15);
const HERD = Number(process.env['STRONGROOM_TEST_HERD'] ?? 500);

describe('what the services lean on goes away', () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let server: DistributedServer;
  let installation: Installation;
  beforeAll(async () => {
    simulator = await startSimulator();
    server = await DistributedServer.start(simulator.url, {
      own: { kafka: true, redis: true },
      isThrownAway: true,
      scale: { tokensets: 4, exchange: 2 },
      environment: { STRONGROOM_MIN_TOKEN_LIFE_SECONDS: '1' },
    });
    installation = new Installation(server.address);
  }, 600_000);
  afterAll(async () => {
    await installation?.close();
    await server?.remove();
    await simulator?.stop();
  });

  /** `/readyz` of one process, past the edge. */
  const readiness = async (service: 'exchange' | 'tokensets' | 'identity' | 'audit') => {
    const http = new Http(undefined);
    const answer = await http.send(`http://127.0.0.1:${server.of(service)[0]!.place.port}/readyz`);
    await http.close();
    const { status: word, ...more } = answer.json;
    return { status: answer.status, word, ...more } as { status: number; word: string; without?: string[] };
  };
  /** A Management token, bound to a key that is made for it. */
  const askBoundToken = async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const dpop = await new SignJWT({ htm: 'POST', htu: `${installation.url}/oauth/token`, jti: randomUUID() })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: await exportJWK(publicKey) })
      .setIssuedAt()
      .sign(privateKey);
    const { managementClientId, managementClientSecret } = installation.address;
    const form = { grant_type: 'client_credentials', audience: `${installation.url}/api/v2/` };
    const who = { client_id: managementClientId, client_secret: managementClientSecret };
    return installation.token({ ...form, ...who }, { dpop });
  };
  const isWhole = ({ without }: { without?: string[] }) => without === undefined;

  it('E6 Kafka away: exchanges go on, no event is lost, and the lag goes back to nothing', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    const load = new SteadyLoad([scene]);
    await load.afterIssued(20);
    await server.servers.kafka!.stop();
    await sleep(DOWN_SECONDS * 1000);
    await load.afterIssued(20);
    const without = await eventually(
      () => readiness('exchange'),
      (now) => !isWhole(now),
    );
    expect(without).toMatchObject({ status: 200, without: ['kafka'] });
    await server.servers.kafka!.start();
    await load.afterIssued(20);
    await load.stop();
    expect(load.refused).toEqual([]);

    const left = await eventually(
      () => lag(server.servers).catch(() => -1),
      (now) => now === 0,
    );
    expect(left).toBe(0);
    const { records, entries } = await toldRecords(server);
    const ids = new Set(records.map(({ id }) => id));
    const succeeded = new Set(
      records.filter(({ type }) => type === 'strongroom.exchange.succeeded.v1').map(({ id }) => id),
    );
    expect(succeeded.size).toBeGreaterThanOrEqual(load.total);
    expect(outOfOrder(records)).toEqual([]);
    expect(entries).toBe(ids.size);
    expect(await eventually(() => readiness('exchange'), isWhole)).toEqual({ status: 200, word: 'ok' });
  }, 900_000);

  it('D7 Redis away: exchanges, refreshes, sign-ins and limits go on; a proof waits for it (X6)', async () => {
    const provider = { announcedSeconds: 4, refresh: { rotate: 'always', reuse: 'killGrant' } };
    const scene = await Scene.create(installation, { provider });
    await scene.connect();
    const load = new SteadyLoad([scene]);
    await load.afterIssued(10);
    expect((await askBoundToken()).json).toMatchObject({ token_type: 'DPoP' });
    await server.servers.redis!.stop();
    const refreshes = await scene.provider.refreshes();
    const later = await eventually(
      () => scene.provider.refreshes(),
      (now) => now >= refreshes + 2,
    );
    expect(later).toBeGreaterThanOrEqual(refreshes + 2);
    const other = await scene.another(); // signs in
    await other.connect('person-2');
    expect((await other.exchange()).status).toBe(200);
    const counted = await installation.management('GET', '/clients?per_page=1');
    expect([counted.status, counted.headers]).toEqual([
      200,
      expect.objectContaining({ 'x-ratelimit-remaining': expect.any(String) as string }),
    ]);
    const unproven = await askBoundToken();
    expect([unproven.status, unproven.json['error'], unproven.headers]).toEqual([
      503,
      'temporarily_unavailable',
      expect.objectContaining({ 'retry-after': expect.any(String) as string }),
    ]);
    expect(await readiness('tokensets')).toMatchObject({ status: 200, without: ['redis'] });
    expect(await readiness('identity')).toMatchObject({ status: 200, without: ['redis'] });
    await server.servers.redis!.start();
    for (const service of ['exchange', 'tokensets', 'identity'] as const)
      expect(await eventually(() => readiness(service), isWhole)).toEqual({ status: 200, word: 'ok' });
    expect((await askBoundToken()).status).toBe(200);
    await load.afterIssued(10);
    await load.stop();
    expect(load.refused).toEqual([]);
    expect(await scene.provider.state()).toMatchObject({ presentationsOfReplaced: 0, liveGrants: 2 });
  }, 600_000);

  it('X9 AD-08 AD-10 two processes of the exchange hear of a change at once, and count one rate; alone without Redis', async () => {
    const scene = await Scene.create(installation);
    const { id } = await scene.connect();
    const { client, connection, tokens } = scene;
    const http = new Http(undefined);
    const form = { ...vaultForm(connection.name, tokens.refreshToken), client_id: client.id };
    const atBoth = async () => {
      const processes = server.of('exchange').map(({ place }) => `http://127.0.0.1:${place.port}/oauth/token`);
      const all = processes.map((url) => http.sendForm(url, { ...form, client_secret: client.secret }));
      return (await Promise.all(all)).map(({ status }) => status);
    };
    const bound = (vault_policy: Json | null) =>
      installation.manage('PATCH', `/clients/${client.id}`, { vault_policy });
    const scope = `${MY_ACCOUNT_SCOPE} update:me:connected_accounts`;
    const mine = await myAccountToken(installation, client, tokens.refreshToken, scope);
    const pause = async (method: 'PUT' | 'DELETE') =>
      expect((await installation.me(mine, method, `/accounts/${id}/pauses/${client.id}`)).status).toBe(204);

    expect(await atBoth()).toEqual([200, 200]); // known to both
    await bound({ connections: [] });
    expect(await atBoth()).toEqual([403, 403]);
    await bound(null);
    await pause('PUT');
    expect(await atBoth()).toEqual([403, 403]);
    await pause('DELETE');
    await bound({ exchanges_per_minute: 4 });
    const rounds = [await atBoth(), await atBoth(), await atBoth()];
    expect(rounds).toEqual([...Array<number[]>(2).fill([200, 200]), [429, 429]]);

    await server.servers.redis!.stop();
    const alone = [];
    for (let times = 0; times < 5; times++) alone.push(await atBoth());
    await server.servers.redis!.start();
    expect(alone).toEqual([...Array<number[]>(4).fill([200, 200]), [429, 429]]);
    await bound(null);
    await installation.manage('DELETE', `/clients/${client.id}`);
    expect(await atBoth()).toEqual([401, 401]);
    await http.close();
    for (const service of ['exchange', 'tokensets', 'identity'] as const)
      expect(await eventually(() => readiness(service), isWhole)).toEqual({ status: 200, word: 'ok' });
  }, 600_000);

  it.each(['there', 'gone', 'flushed in the middle'])(
    `${HERD} exchanges at once of one expired token over four tokensets, Redis %s: one call to the provider`,
    async (redis) => {
      const refresh = { rotate: 'always', reuse: 'killGrant' };
      const scene = await Scene.create(installation, { provider: { ...SHORT, refresh } });
      await scene.connect();
      await scene.provider.change(LONG);
      await untilOver();
      await scene.provider.fault({ grantType: 'refresh_token', delayMsBeforeCommit: 1500 });
      if (redis === 'gone') await server.servers.redis!.stop();
      const herd = Promise.all(Array.from({ length: HERD }, () => patiently(() => scene.exchange())));
      if (redis === 'flushed in the middle') {
        await eventually(
          () => scene.provider.refreshes(),
          (now) => now === 1,
        );
        await server.flushRedis();
      }
      const answers = await herd;
      if (redis === 'gone') await server.servers.redis!.start();
      const count = (status: number) => answers.filter((answer) => answer.status === status).length;
      expect({ 200: count(200), others: HERD - count(200) }).toEqual({ 200: HERD, others: 0 });
      expect(new Set(answers.map(({ json }) => json['access_token'])).size).toBe(1);
      expect(await scene.provider.state()).toMatchObject({
        tokenRequests: { authorization_code: 1, refresh_token: 1 },
        presentationsOfReplaced: 0,
        liveGrants: 1,
      });
    },
    600_000,
  );

  it('says in /readyz that the database is away, and that it is back', async () => {
    const database = await server.database();
    await database.query('ALTER ROLE strongroom_audit NOLOGIN');
    await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'strongroom_audit'`);
    expect(
      await eventually(
        () => readiness('audit'),
        ({ status }) => status === 503,
      ),
    ).toMatchObject({
      failing: ['database'],
    });
    await database.query('ALTER ROLE strongroom_audit LOGIN');
    await database.end();
    const back = await eventually(
      () => readiness('audit'),
      ({ status }) => status === 200,
    );
    expect(back).toMatchObject({ status: 200, word: 'ok' });
  });

  it('S1 knows no path of the calls between services, at the edge or at a public port', async () => {
    const http = installation.http;
    const [tokensets] = server.of('tokensets');
    for (const base of [installation.url, `http://127.0.0.1:${tokensets!.place.port}`])
      for (const path of ['/rpc/TokenVault/accessToken', '/rpc/other-grants', '/rpc'])
        expect((await http.sendJson('POST', `${base}${path}`, [])).status).toBe(404);
    for (const path of ['/livez', '/readyz']) expect((await http.send(`${installation.url}${path}`)).status).toBe(404);
  });
});
