import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createApi,
  DUE,
  enable,
  exchange,
  Installation,
  isDistributed,
  LIFE_SECONDS,
  login,
  LONG,
  Scene,
  type Server,
  SHORT,
  startServer,
  startSimulator,
  untilDue,
  untilOver,
} from './driver/index.js';
import { allRows } from './leaks/database.js';
import { needlesOf } from './leaks/needles.js';
import { Search, type Hit } from './leaks/search.js';

const PROVIDER = { ...SHORT, accessTokenSeconds: LIFE_SECONDS, refresh: { rotate: 'always' } };

describe('what a run leaves behind', () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let server: Server;
  let installation: Installation;
  /** Of the providers. */
  const canaries: string[] = [];
  /** Ours, which must not lie about in clear either. */
  const own: string[] = [];

  beforeAll(async () => {
    simulator = await startSimulator();
    server = await startServer(simulator.url, { STRONGROOM_LOG_LEVEL: 'trace' });
    installation = new Installation(server.address);
    for (const strategy of ['oauth2', 'oidc'] as const) await run(strategy);
  });
  afterAll(async () => {
    await installation.close();
    await server.remove();
    await simulator.stop();
  });

  /** Connects, exchanges, refreshes, meets a failing provider, a refused and a wrong request, and disconnects. */
  async function run(strategy: 'oauth2' | 'oidc'): Promise<void> {
    const scopes = strategy === 'oidc' ? ['openid', 'email'] : ['read', 'write'];
    const scene = await Scene.create(installation, { strategy, scopes, provider: PROVIDER });
    const kept = await scene.another();
    const flow = scene.flow();
    await flow.begin();
    await flow.throughBrowser();
    const { id } = (await flow.complete()).json;
    await kept.connect('person-2');
    await scene.provider.change(LONG);
    await untilOver();
    expect((await scene.exchange()).status).toBe(200);
    await untilDue();
    const echo = { error: 'server_error', error_description: `no: ${(await scene.provider.secrets()).join(' ')}` };
    await scene.provider.fault({ grantType: 'refresh_token', status: 500, body: echo });
    const failed = await scene.provider.refreshes();
    expect((await scene.exchange(DUE)).status).toBe(200); // what still lives, once the echo was read
    expect(await scene.provider.refreshes()).toBeGreaterThan(failed);
    await sleep(1500);
    await scene.exchange(DUE);
    expect((await kept.exchange()).status).toBe(200);

    const refused = scene.flow();
    await refused.begin();
    await scene.provider.fault({ grantType: 'authorization_code', status: 400, body: { error: 'invalid_grant' } });
    await refused.throughBrowser();
    expect((await refused.complete()).status).toBe(400);
    const left = scene.flow();
    await left.begin();
    await left.throughBrowser('person-3'); // never completed: its code stays in a box

    const api = await createApi(installation);
    await enable(installation, scene.connection.id, [api.client]);
    const { accessToken } = await login(installation, scene.client, kept.person, { audience: api.audience });
    const answer = await exchange(installation, api.client, scene.connection, accessToken);
    expect(answer.status).toBe(403); // the wrong kind of subject token
    expect((await scene.me('DELETE', `/accounts/${String(id)}`)).status).toBe(204);
    expect((await kept.exchange()).status).toBe(200);

    canaries.push(...(await scene.provider.secrets()));
    for (const one of [scene, kept])
      own.push(one.person.password, one.tokens.refreshToken, one.tokens.accessToken, one.myAccount);
    own.push(accessToken, scene.client.secret, api.client.secret);
    for (const one of [flow, refused, left])
      own.push(one.authSession, one.connectCode, one.verifier, new URL(one.link).searchParams.get('ticket')!);
  }

  const inFiles = (search: Search) => search.under(server.dataDir);
  const inLogs = (search: Search) => search.in('logs', Buffer.from(server.output));
  const inTables = async (search: Search): Promise<Hit[]> => {
    const database = await server.database();
    const rows = await allRows(database).finally(() => database.end());
    return [...rows].flatMap(([name, text]) => search.in(name, Buffer.from(text)));
  };
  /** Topics, keys, headers and values; Redis, what it holds and what it was told. */
  const inTopicsAndRedis = async (search: Search): Promise<Hit[]> =>
    [...(await server.elsewhere())].flatMap(([name, bytes]) => search.in(name, bytes));
  const metricsOf = async ({ metricsUrls }: Server): Promise<string> =>
    (await Promise.all(metricsUrls.map(async (url) => (await fetch(url)).text()))).join('');
  /** A table's rows reach its files at a checkpoint: standalone makes one when it stops. */
  const checkpoint = async () => {
    const database = await server.database();
    await database.query('CHECKPOINT').finally(() => database.end());
  };

  it('CN-39 D3 D7 holds no token, code or secret in clear: tables, files with WAL, logs, metrics, topics, Redis', async () => {
    expect(canaries.length).toBeGreaterThan(10);
    expect(canaries.every((secret) => secret.startsWith('cnry_'))).toBe(true);
    const search = new Search(needlesOf([...canaries, ...own.filter((secret) => secret !== '')]));
    expect(await inTables(search)).toEqual([]);
    const metrics = await metricsOf(server);
    expect(metrics).toContain('strongroom_refresh_attempts_total');
    expect(search.in('metrics', Buffer.from(metrics))).toEqual([]);
    expect(metrics).not.toContain('cnry_');
    await checkpoint();
    expect(await server.stop()).toBe(0);
    expect(await inTopicsAndRedis(search)).toEqual([]);
    if (isDistributed())
      expect([...(await server.elsewhere()).keys()]).toEqual(
        expect.arrayContaining(['redis commands', expect.stringMatching(/\.tokensets\.v1$/)]),
      );
    expect(server.output.length).toBeGreaterThan(1000); // there were logs to search
    expect(inLogs(search)).toEqual([]);
    const { hits, bytes } = inFiles(search);
    expect(hits).toEqual([]);
    if (!process.env['STRONGROOM_TEST_POSTGRES_URL']) expect(bytes).toBeGreaterThan(16 * 2 ** 20); // a segment of WAL
    // Whatever is written down of a secret, its beginning must not be there either.
    expect(server.output).not.toContain('cnry_');
  });

  it('would have found one in a table, in the WAL, in a file, in a log line, in a topic and in Redis', async () => {
    const planted = ['cnry_at_planted-in-a-table', 'cnry_rt_planted-in-a-file', 'cnry_code_planted-in-a-log-line'];
    const search = new Search(needlesOf(planted));
    await server.start();
    const database = await server.database();
    // More than once: the end of a page of WAL may cut one in two.
    const made = 'CREATE TABLE public.planted AS SELECT $1::text AS value FROM generate_series(1, 20)';
    await database.query(made, [planted[0]]);
    await database.end();
    await checkpoint();
    writeFileSync(join(server.dataDir, 'planted'), Buffer.from(`x${planted[1]}`).toString('base64url'));
    const isOf = (secret: number) => expect.objectContaining({ secret });
    expect(await inTables(search)).toEqual([isOf(0)]);
    await server.stop();
    const { hits } = inFiles(search);
    if (!process.env['STRONGROOM_TEST_POSTGRES_URL']) {
      expect(hits.filter(({ where }) => where.startsWith('postgres/base/'))).toEqual([isOf(0)]);
      expect(hits.filter(({ where }) => where.startsWith('postgres/pg_wal/'))).toContainEqual(isOf(0));
    }
    expect(hits.filter(({ where }) => where === 'planted')).toEqual([isOf(1)]);
    const line = Buffer.from(`${server.output}{"level":30,"msg":"${encodeURIComponent(planted[2]!)}"}\n`);
    expect(search.in('logs', line)).toEqual([isOf(2)]);
    if (!isDistributed()) return;
    const elsewhere = ['cnry_planted-in-a-header', 'cnry_planted-in-a-value', 'cnry_planted-in-redis'];
    await server.plant(elsewhere);
    const found = await inTopicsAndRedis(new Search(needlesOf(elsewhere)));
    expect(new Set(found.map(({ secret }) => secret))).toEqual(new Set([0, 1, 2]));
  });
});
