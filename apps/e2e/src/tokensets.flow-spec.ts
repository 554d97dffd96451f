import {
  askMyAccountToken,
  createClient,
  Installation,
  isDistributed,
  type Json,
  LONG,
  passOwnPages,
  Scene,
  type Server,
  SHORT,
  startServer,
  startSimulator,
  untilOver,
} from './driver/index.js';
import { authorization, authorizeUrl } from './libraries/sign-in.js';

const READ = ['read:federated_connections_tokens', 'read:federated_connections_tokensets'];
const DELETE = ['delete:federated_connections_tokens', 'update:federated_connections_tokensets'];

describe('tokensets in the eyes of an operator', () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let server: Server;
  let installation: Installation;
  beforeAll(async () => {
    simulator = await startSimulator();
    server = await startServer(simulator.url);
    installation = new Installation(server.address);
  });
  afterAll(async () => {
    await installation.close();
    await server.remove();
    await simulator.stop();
  });

  const pathOf = (scene: Scene, ...rest: string[]) =>
    [`/users/${encodeURIComponent(scene.person.userId)}/federated-connections-tokensets`, ...rest].join('/');
  const listOf = async (scene: Scene): Promise<Json[]> => (await installation.management('GET', pathOf(scene))).list;

  it('MG-01 are listed newest first with ISO times, and gone with a delete', async () => {
    const scene = await Scene.create(installation);
    await scene.connect('one');
    await scene.connect('two');
    const list = await listOf(scene);
    expect(list).toHaveLength(2);
    const issued = list.map((one) => String(one['issued_at']));
    expect(issued).toEqual([...issued].sort().reverse());
    for (const one of list) {
      expect(Object.keys(one).sort()).toEqual([
        'connection',
        'expires_at',
        'id',
        'issued_at',
        'last_used_at',
        'next_attempt_at',
        'reason',
        'scope',
        'status',
      ]);
      expect(one['issued_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(one).toMatchObject({ connection: scene.connection.name, status: 'active', reason: null });
    }
    for (const one of list)
      expect((await installation.management('DELETE', pathOf(scene, String(one['id'])))).status).toBe(204);
    expect(await listOf(scene)).toEqual([]);
    expect((await scene.exchange()).json['error']).toBe('federated_connection_refresh_token_not_found');
  });

  it('MG-01 are shown and deleted by either spelling of the scope, and by no other', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    const [tokenset] = await listOf(scene);
    const path = pathOf(scene, String(tokenset!['id']));
    for (const scope of READ) expect((await installation.managementAs([scope], 'GET', pathOf(scene))).status).toBe(200);
    const none = await installation.managementAs(['read:users'], 'GET', pathOf(scene));
    expect([none.status, none.json['errorCode']]).toEqual([403, 'insufficient_scope']);
    for (const scope of [...READ, 'read:users'])
      expect((await installation.managementAs([scope], 'DELETE', path)).status).toBe(403);
    for (const scope of DELETE) {
      const [one] = await listOf(scene);
      const answer = await installation.managementAs([scope], 'DELETE', pathOf(scene, String(one!['id'])));
      expect(answer.status).toBe(204);
      await scene.connect();
    }
  });

  it('MG-02 say the same last use for two exchanges of one day', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    const usedAt = async () => (await listOf(scene))[0]!['last_used_at'];
    expect(await usedAt()).toBeNull();
    expect((await scene.exchange()).status).toBe(200);
    const first = await usedAt();
    expect(first).toMatch(/Z$/);
    expect((await scene.exchange()).status).toBe(200);
    expect(await usedAt()).toBe(first);
  });

  it('are refreshed when an administrator says so, once a minute', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    const before = (await scene.exchange()).json['access_token'];
    const [tokenset] = await listOf(scene);
    const path = pathOf(scene, String(tokenset!['id']), 'refresh');
    const answer = await installation.management('POST', path);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ id: tokenset!['id'], status: 'active' });
    expect((await scene.exchange()).json['access_token']).not.toBe(before);
    expect(await scene.provider.refreshes()).toBe(1);
    const again = await installation.management('POST', path);
    expect(again.status).toBe(429);
    expect(Number(again.headers['retry-after'])).toBeLessThanOrEqual(60);
  });

  it('RE-22 are handed out to nobody while no audit row can be written, and to whoever asks when one can', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    const database = await server.database();
    await database.query('ALTER TABLE exchange.outbox RENAME TO away');
    try {
      const answer = await scene.exchange();
      expect([answer.status, answer.json['error']]).toEqual([503, 'temporarily_unavailable']);
      expect(answer.json['error_details']).toMatchObject({ reason: 'audit_unavailable' });
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.text).not.toContain('cnry_');
    } finally {
      await database.query('ALTER TABLE exchange.away RENAME TO outbox').finally(() => database.end());
    }
    expect((await scene.exchange()).status).toBe(200);
  });

  it('RE-20 are handed out to nobody while everybody owes a second factor', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    await installation.manage('PUT', '/guardian/policies', ['all-applications']);
    const answer = await scene.exchange().finally(() => installation.manage('PUT', '/guardian/policies', []));
    expect([answer.status, answer.json['error']]).toEqual([401, 'mfa_required']);
    expect(answer.json['error_description']).toContain('Multifactor authentication required');
    expect((await scene.exchange()).status).toBe(200);
  });

  it('RE-24 are handed out and tokens refreshed where only a sign-in asks for a second factor', async () => {
    const scene = await Scene.create(installation);
    await scene.connect();
    const lenient = await createClient(installation, { require_mfa_at_login: false });
    const { browser } = scene.person;
    const signIn = async (client = scene.client, more: Record<string, string> = {}) => {
      const arrival = await browser.visit(authorizeUrl(installation, authorization(client, more).query));
      return passOwnPages(browser, arrival, scene.person);
    };
    const answered = async (...asked: Parameters<typeof signIn>) => (await signIn(...asked)).url.searchParams;
    const expectAsked = async () => {
      expect((await signIn()).page?.words).toMatch(/second factor/);
      expect((await answered(scene.client, { prompt: 'none' })).get('error')).toBe('interaction_required');
      expect((await scene.exchange()).status).toBe(200);
      const { client, tokens } = scene;
      expect((await askMyAccountToken(installation, client, tokens.refreshToken)).status).toBe(200);
    };
    const path = `/clients/${scene.client.id}`;
    await installation.manage('PATCH', path, { require_mfa_at_login: true });
    await expectAsked();
    await installation.manage('PATCH', path, { require_mfa_at_login: null });
    expect((await answered()).has('code')).toBe(true);
    await installation.manage('PATCH', '/tenants/settings', { require_mfa_at_login: true });
    try {
      await expectAsked();
      expect((await answered(lenient, { prompt: 'none' })).has('code')).toBe(true);
    } finally {
      await installation.manage('PATCH', '/tenants/settings', { require_mfa_at_login: false });
    }
  });

  it("are counted for whoever scrapes the operator's address, and not at the public one", async () => {
    const scene = await Scene.create(installation, { provider: SHORT });
    await scene.connect();
    await scene.provider.change(LONG);
    await untilOver();
    expect((await scene.exchange()).status).toBe(200);
    const texts = await Promise.all(server.metricsUrls.map(async (url) => (await fetch(url)).text()));
    expect(texts).toHaveLength(isDistributed() ? 6 : 1);
    for (const text of texts) expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
    const all = texts.join('\n');
    expect(all).toMatch(
      new RegExp(
        `^strongroom_refresh_attempts_total\\{connection="${scene.connection.id}",kind="on_demand",class="ok"\\} 1$`,
        'm',
      ),
    );
    expect(all).toMatch(/^strongroom_tokensets\{status="active",reason=""\} \d+$/m);
    expect(all).not.toMatch(/cnry_|auth0\||@|cac_|ts_[A-Za-z0-9]{8}/);
    expect((await installation.http.send(`${installation.url}/metrics`)).status).toBe(404);
  });
});
