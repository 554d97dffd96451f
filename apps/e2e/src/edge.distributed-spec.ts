import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@strongroom/testing';
import { type Answer, type Call, Http } from './driver/http.js';
import { Child, ROOT } from './driver/child.js';
import { eventually } from './driver/eventually.js';

/** What stands where a service would: keeps what it was sent. */
class Upstream {
  readonly requests: IncomingMessage[] = [];
  private server: Server | undefined;

  constructor(
    readonly port: number,
    private readonly answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) =>
      void response.end('{}'),
  ) {}

  async start(): Promise<this> {
    this.server = createServer((request, response) => {
      if (request.url === '/livez') return void response.end();
      this.requests.push(request);
      request.resume().on('end', () => this.answer(request, response));
    });
    await once(this.server.listen(this.port, '127.0.0.1'), 'listening');
    return this;
  }

  async stop(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

describe('The edge', () => {
  let home: string;
  let edge: Child;
  let url: string;
  let http: Http;
  const upstreams: Upstream[] = [];
  let identity: Upstream, exchange: Upstream, tokensets: Upstream, audit: [Upstream, Upstream];
  let awayPort: number;

  const upstream = async (answer?: (request: IncomingMessage, response: ServerResponse) => void) => {
    const one = await new Upstream(await freePort(), answer).start();
    upstreams.push(one);
    return one;
  };
  const send = (path: string, call: Call = {}): Promise<Answer> => http.send(`${url}${path}`, call);

  beforeAll(async () => {
    home = await mkdtemp('/var/tmp/strongroom-edge-');
    await mkdir(join(home, 'assets'));
    await writeFile(join(home, 'assets/one.js'), 'one()');
    identity = await upstream();
    tokensets = await upstream();
    exchange = await upstream((request) => request.socket.destroy());
    audit = [
      await upstream((_, response) => void response.end('first')),
      await upstream((_, response) => void response.end('second')),
    ];
    awayPort = await freePort();
    url = `http://127.0.0.1:${await freePort()}`;
    const environment = {
      XDG_DATA_HOME: home,
      XDG_CONFIG_HOME: home,
      STRONGROOM_EDGE_ADDRESS: url,
      STRONGROOM_EDGE_LISTENER: 'plain',
      STRONGROOM_EDGE_UPSTREAMS: 'given',
      STRONGROOM_EDGE_FILES: join(ROOT, 'docs'),
      STRONGROOM_EDGE_DASHBOARD: home,
      STRONGROOM_EDGE_LOG_LEVEL: 'DEBUG',
      STRONGROOM_IDENTITY_UPSTREAM: `127.0.0.1:${identity.port}`,
      STRONGROOM_EXCHANGE_UPSTREAM: `127.0.0.1:${exchange.port}`,
      STRONGROOM_AUDIT_UPSTREAM: audit.map(({ port }) => `127.0.0.1:${port}`).join(' '),
      STRONGROOM_CONNECTIONS_UPSTREAM: `127.0.0.1:${awayPort}`,
      STRONGROOM_CONNECTED_ACCOUNTS_UPSTREAM: `127.0.0.1:${awayPort}`,
      STRONGROOM_TOKENSETS_UPSTREAM: `127.0.0.1:${tokensets.port}`,
    };
    const parameters = ['run', '--config', join(ROOT, 'docker/Caddyfile'), '--adapter', 'caddyfile'];
    edge = new Child(process.env['STRONGROOM_TEST_CADDY'] ?? 'caddy', environment, { parameters });
    http = new Http(undefined);
    while ((await send('/livez').catch(() => undefined)) === undefined) {
      if (edge.hasEnded) throw new Error(`The edge needs Caddy (STRONGROOM_TEST_CADDY):\n${edge.output}`);
      await sleep(50);
    }
  });

  afterAll(async () => {
    await http.close();
    await edge.end();
    for (const one of upstreams) await one.stop();
    await rm(home, { recursive: true });
  });

  it('answers what nobody serves, in the shape of each API', async () => {
    expect(await send('/anything')).toMatchObject({ status: 404, json: { error: 'not_found' } });
    expect(await send('/api/v2/anything')).toMatchObject({
      status: 404,
      json: { statusCode: 404, error: 'Not Found' },
    });
    expect(await send('/me/v1/anything')).toMatchObject({ status: 404, json: { status: 404, title: 'Not Found' } });
    expect((await send('/api/v2/anything')).headers['content-type']).toContain('application/json');
    for (const path of ['/connect/anything', '/connected-accounts/anything', '/login/anything'])
      expect(await send(path)).toMatchObject({ status: 404, text: expect.stringContaining('There is no such page.') });
  });

  it('serves its own files, and says of a name that no file can have that there is none', async () => {
    const safe = { 'x-content-type-options': 'nosniff' };
    expect(await send('/api/v2/openapi.json')).toMatchObject({ status: 200, headers: safe });
    expect(await send('/dashboard/assets/one.js')).toMatchObject({
      ...{ status: 200, text: 'one()' },
      headers: { ...safe, 'cache-control': expect.stringContaining('immutable') as string },
    });
    for (const name of ['x', 'x'.repeat(300), '%00', 'one.js/x'])
      expect(await send(`/dashboard/assets/${name}`)).toMatchObject({
        ...{ status: 404, json: { error: 'not_found' } },
        headers: { ...safe, 'cache-control': 'no-store' },
      });
  });

  it.each(['/livez', '/readyz', '/metrics', '/rpc/Bearer/check', '/u/../readyz', '/u/..%2freadyz', '/%6civez'])(
    'sends %s to nobody',
    async (path) => {
      const before = identity.requests.length;
      expect((await send(path)).status).toBe(404);
      expect(identity.requests).toHaveLength(before);
    },
  );

  it('says 503 with Retry-After for a service that is away, in the shape of each API', async () => {
    const [accounts, connections, connect] = await Promise.all([
      send('/me/v1/connected-accounts/accounts'),
      send('/api/v2/connections'),
      send('/connect'),
    ]);
    for (const answer of [accounts, connections, connect])
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2', 'cache-control': 'no-store' } });
    expect(accounts.json).toMatchObject({ status: 503, type: 'https://auth0.com/api-errors/A0E-503-0001' });
    expect(connections.json).toMatchObject({ statusCode: 503, errorCode: 'temporarily_unavailable' });
    // A person looks at it.
    expect(connect.text).toContain('Try again in a few seconds.');
    expect(connect.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    });
  });

  it('sends a request once that a service took and did not answer', async () => {
    const before = exchange.requests.length;
    const answer = await send('/oauth/token', { method: 'POST', body: 'grant_type=x' });
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    expect(answer.json).toMatchObject({ error: 'temporarily_unavailable' });
    expect(exchange.requests).toHaveLength(before + 1);
  });

  it.each(['POST', 'GET'])('holds a %s for a service that starts again', async (method) => {
    const connections = new Upstream(awayPort);
    const answer = send('/api/v2/connections', { method, ...(method === 'POST' ? { body: '{}' } : {}) });
    await sleep(300);
    await connections.start();
    const { status } = await answer;
    await connections.stop();
    expect(status).toBe(200);
  });

  it('shares requests among processes of one service, and passes over one that is gone', async () => {
    const logs = async () => (await send('/api/v2/logs')).text;
    // One that is late to say that it is well is passed over for a moment too.
    const four = async () => new Set([await logs(), await logs(), await logs(), await logs()]);
    expect(await eventually(four, ({ size }) => size === 2)).toEqual(new Set(['first', 'second']));
    await audit[0].stop();
    const answers = [await logs(), await logs(), await logs(), await logs()];
    await audit[0].start();
    expect(new Set(answers)).toEqual(new Set(['second']));
  });

  it('tells the address it saw, not the one that a client claims (S5)', async () => {
    await send('/userinfo', {
      headers: {
        'x-forwarded-for': '203.0.113.9',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'evil.example',
        forwarded: 'for=203.0.113.9',
        'x-real-ip': '203.0.113.9',
      },
    });
    const { headers } = identity.requests.at(-1)!;
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' });
    expect(JSON.stringify(headers)).not.toMatch(/203\.0\.113\.9|evil/);
  });

  it('takes a body of 256 KiB and refuses one of a byte more', async () => {
    const call = (bytes: number) => ({ method: 'POST', body: 'x'.repeat(bytes) });
    expect((await send('/api/v2/users', call(256 * 1024))).status).toBe(200);
    expect(await send('/api/v2/users', call(256 * 1024 + 1))).toMatchObject({ status: 413, json: { statusCode: 413 } });
    const page = await send('/u/login/x', call(256 * 1024 + 1));
    expect([page.status, page.text]).toEqual([413, expect.stringContaining('<h1>That did not work</h1>')]);
  });

  it('leaves it to the services what to say of headers that they can read', async () => {
    const before = identity.requests.length;
    expect((await send('/userinfo', { headers: { 'x-long': 'x'.repeat(14 * 1024) } })).status).toBe(200);
    expect((await send('/userinfo', { headers: { 'x-long': 'x'.repeat(100 * 1024) } })).status).toBe(431);
    expect((await send('/userinfo', { headers: { 'x-long': 'x'.repeat(200 * 1024) } })).status).toBe(431);
    expect(identity.requests).toHaveLength(before + 1);
  });

  it('finds the owner of a path whose user has a slash in the id', async () => {
    const path = '/api/v2/users/oidc%7Ca%2Fb/federated-connections-tokensets/ts_1';
    expect((await send(path)).status).toBe(200);
    expect(tokensets.requests.at(-1)?.url).toBe(path);
    expect((await send('/api/v2/users/oidc%7Ca%2Fb')).status).toBe(200);
    expect(identity.requests.at(-1)!.url).toBe('/api/v2/users/oidc%7Ca%2Fb');
  });

  it('writes no query and no header into its log', async () => {
    await send('/api/v2/token-vault/logged?code=cnry_code', { headers: { authorization: 'Bearer cnry_token' } });
    const said = () => Promise.resolve(edge.output);
    expect(await eventually(said, (text) => text.includes('/api/v2/token-vault/logged'))).toContain(
      '/api/v2/token-vault/logged',
    );
    await edge.end(); // all that it has to say of it
    expect(edge.output).not.toContain('cnry_');
  });
});
