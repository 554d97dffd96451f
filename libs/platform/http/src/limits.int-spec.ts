import { LimitedServer, refused, SHAPES } from '../test/limited-server.js';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

describe('threats §9 the limits of a server of ours', () => {
  let server: LimitedServer;
  beforeAll(async () => void (server = await LimitedServer.start()));
  afterAll(() => server.stop());

  const request = (...asked: Parameters<LimitedServer['request']>) => server.request(...asked);
  const post = (path: string, type: string, body: string) => request(`POST ${path}`, [`content-type: ${type}`], body);

  it.each([
    ['/oauth/token', 32, '/oauth'],
    ['/me/v1/things', 64, '/me/v1'],
    ['/api/v2/things', 256, '/api/v2'],
    ['/u/login', 32, '/u'],
  ])('reads a body of %s up to %i KiB, with a length and without', async (path, kib, shape) => {
    const bytes = (count: number) => 'x'.repeat(count);
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n`;
    const chunked = (body: string) => server.raw(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    for (const send of [(body: string) => post(path, 'text/plain', body), chunked]) {
      expect((await send(bytes(kib * 1024))).status).toBe(201);
      refused(await send(bytes(kib * 1024 + 1)), 413, shape);
    }
  });

  it.each(['/api/v2', '/me/v1', '/oauth'])('reads JSON of 20 levels and 1,000 members at %s', async (prefix) => {
    const send = (body: string) => post(`${prefix}/json`, JSON_TYPE, body);
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const members = (count: number) => JSON.stringify(Array(count).fill(1));
    for (const [good, bad] of [
      [nested(20), nested(21)],
      [members(1000), members(1001)],
      ['{"__proto":1}', '{"__proto__":1}'],
      ['{"a":{"constructors":1}}', '{"a":{"constructor":1}}'],
      ['{"prototypes":1}', '[{"prototype":1}]'],
    ] as const) {
      expect((await send(good)).status).toBe(201);
      refused(await send(bad), 400, prefix);
    }
  });

  it.each([
    ['/oauth/token', '/oauth'],
    ['/u/login', '/u'],
    ['/connect/callback/acme', '/u'],
  ])('reads 32 fields of a form at %s, none of them a name of every object', async (path, shape) => {
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `f${i}=1`).join('&');
    expect((await post(path, FORM, fields(32))).status).toBe(201);
    for (const bad of [fields(33), '__proto__=1', 'a=1&%5f_proto_%5F=cnry_1', 'constructor=', 'prototype'])
      refused(await post(path, FORM, bad), 400, shape);
  });

  it.each(['/api/v2/things/1', '/me/v1/things', '/oauth/things', '/u/login'])(
    'reads a name of a query at %s 20 times, and none of every object',
    async (path) => {
      const shape = Object.keys(SHAPES).find((prefix) => path.startsWith(prefix))!;
      const times = (count: number) => Array(count).fill('connection=a').join('&');
      expect((await request(`GET ${path}?${times(20)}`)).json).toEqual({ names: 1 });
      for (const bad of [times(21), '__proto__=1', '%63onstructor=1', 'a=1&prototype=cnry_1'])
        refused(await request(`GET ${path}?${bad}`), 400, shape);
    },
  );

  it.each(['/api/v2/things/1', '/me/v1/things', '/oauth/things', '/u/login'])(
    'reads 100 headers, 16 KiB of them, and 8 KiB of an address at %s',
    async (path) => {
      const shape = Object.keys(SHAPES).find((prefix) => path.startsWith(prefix))!;
      const count = (all: number) => Array.from({ length: all - 2 }, (_, i) => `x-${i}: 1`);
      expect((await request(`GET ${path}`, count(100))).status).toBe(200);
      refused(await request(`GET ${path}`, count(101)), 431, shape);
      const far = await request(`GET ${path}`, Array<string>(3000).fill('a:'));
      refused(far, 431, shape);
      if (shape !== '/u') expect(far.body).toContain('more than 100 headers');

      // Host and Connection, and the line itself with its ends.
      const own = 'host: vault.example.com\r\nconnection: close\r\nx: \r\n'.length;
      const sized = (bytes: number) => [`x: ${'cnry_'.repeat(4096).slice(0, bytes - own)}`];
      expect((await request(`GET ${path}`, sized(16 * 1024))).status).toBe(200);
      refused(await request(`GET ${path}`, sized(16 * 1024 + 1)), 431, shape);
      refused(await request(`GET ${path}`, [`x: ${'cnry_'.repeat(20_000)}`]), 431, shape);

      const long = (bytes: number) => `${path}?${'cnry_'.repeat(2000).slice(0, bytes - path.length - 1)}`;
      expect((await request(`GET ${long(8 * 1024)}`)).status).toBe(200);
      expect((await request(`GET ${long(8 * 1024)}`, sized(16 * 1024))).status).toBe(200);
      refused(await request(`GET ${long(8 * 1024 + 1)}`), 414, shape);
      refused(await request(`GET ${path}?${'cnry_'.repeat(8000)}`), 414, shape);
    },
  );

  it.each(['/api/v2/things/1', '/me/v1/things', '/oauth/token', '/u/login'])(
    'reads one Authorization and one Content-Type at %s, for nobody knows which of two counts',
    async (path) => {
      const shape = Object.keys(SHAPES).find((prefix) => path.startsWith(prefix))!;
      const both = ['authorization: Basic cnry_1', `content-type: ${FORM}`];
      for (const again of ['Authorization: Basic cnry_2', 'AUTHORIZATION: Bearer cnry_2', 'Content-Type: text/plain'])
        refused(await request(`POST ${path}`, [...both, again]), 400, shape);
      expect((await request('POST /oauth/token', both, 'a=1')).status).toBe(201);
    },
  );

  it('counts what the client sent, and not what a believed edge wrote beside it', async () => {
    const edge = ['x-forwarded-for: 192.0.2.1', 'X-Forwarded-Proto: https', 'x-forwarded-host: cnry_', 'x-cert: cnry_'];
    const many = [...edge, ...Array.from({ length: 98 }, (_, i) => `x-${i}: 1`)];
    const size = 16 * 1024 - 'host: vault.example.com\r\nconnection: close\r\nx: \r\n'.length;
    const large = [...edge, `x: ${'y'.repeat(size)}`];
    for (const headers of [many, large]) refused(await request('GET /me/v1/things', headers), 431, '/me/v1');
    const behind = await LimitedServer.start({ trustedProxies: ['127.0.0.1'], certificateHeader: 'X-Cert' });
    for (const headers of [many, large]) expect((await behind.request('GET /me/v1/things', headers)).status).toBe(200);
    refused(await behind.request('GET /me/v1/things', [...many, 'x-forwarded-port: 1']), 431, '/me/v1');
    refused(await behind.request('GET /me/v1/things', [...large, 'a:']), 431, '/me/v1');
    await behind.stop();
  });

  it('takes an address that is long in one part as far as a long address goes', async () => {
    const path = (bytes: number) => '/api/v2/things/'.padEnd(bytes, 'x');
    expect((await request(`GET ${path(8 * 1024)}`)).status).toBe(200);
    refused(await request(`GET ${path(8 * 1024 + 1)}`), 414, '/api/v2');
    refused(await request(`GET ${path(9 * 1024)}`), 414, '/api/v2');
  });

  it('takes an address for what the router reads in it', async () => {
    for (const [path, shape] of [
      ['/%6De/v1/nowhere', '/me/v1'],
      ['/%61pi/v%32/nowhere', '/api/v2'],
      ['/%75/nowhere', '/u'],
    ] as const)
      refused(await request(`GET ${path}`), 404, shape);
    const answer = await request('GET /%6de/v1/things');
    expect([answer.status, answer.head]).toEqual([200, expect.stringContaining('cache-control: no-store')]);
    expect((await post('/%61pi/v2/things', 'text/plain', 'x'.repeat(256 * 1024))).status).toBe(201);
  });

  it('reads tokens and proofs of 8 KiB, wherever they stand', async () => {
    const token = (bytes: number) => 'cnry_'.repeat(2000).slice(0, bytes);
    for (const path of ['/api/v2/things/1', '/me/v1/things', '/oauth/things'])
      for (const header of ['authorization: Bearer ', 'authorization: DPoP ', 'dpop: ']) {
        expect((await request(`GET ${path}`, [header + token(8192)])).status).toBe(200);
        const shape = Object.keys(SHAPES).find((prefix) => path.startsWith(prefix))!;
        refused(await request(`GET ${path}`, [header + token(8193)]), 400, shape);
      }
    for (const name of ['subject_token', 'client_assertion', 'token'])
      for (const [type, body] of [
        [FORM, (value: string) => `grant_type=x&${name}=${value}`],
        [JSON_TYPE, (value: string) => JSON.stringify({ grant_type: 'x', [name]: value })],
      ] as const) {
        expect((await post('/oauth/token', type, body(token(8192)))).status).toBe(201);
        const answer = await post('/oauth/token', type, body(token(8193)));
        refused(answer, 400, '/oauth');
        expect(answer.json).toEqual({
          error: 'invalid_request',
          error_description: `${name} is longer than 8 KiB`,
        });
      }
    // What is ignored may fill the body.
    for (const [type, body] of [
      [FORM, (value: string) => `grant_type=x&odd=${value}`],
      [JSON_TYPE, (value: string) => JSON.stringify({ grant_type: 'x', odd: value })],
    ] as const)
      expect((await post('/oauth/token', type, body('x'.repeat(32 * 1024 - body('').length)))).status).toBe(201);
    refused(await post('/u/login', FORM, `username=${token(8193)}`), 400, '/u');
    // A secret of the Management API is no token: `options` may be long.
    expect((await post('/api/v2/json', JSON_TYPE, JSON.stringify({ options: token(9000) }))).status).toBe(201);
  });

  it.each(['/api/v2/things', '/me/v1/things', '/oauth/token', '/u/login'])(
    'refuses a compressed body at %s, whichever header says so',
    async (path) => {
      const shape = Object.keys(SHAPES).find((prefix) => path.startsWith(prefix))!;
      for (const encoding of ['gzip', 'br', 'deflate', 'identity, gzip'])
        refused(
          await request(`POST ${path}`, [`content-encoding: ${encoding}`, `content-type: ${FORM}`], 'x'),
          415,
          shape,
        );
      const chunks = '1\r\nx\r\n0\r\n\r\n';
      const coded = `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: gzip, chunked\r\n\r\n`;
      refused(await server.raw(coded + chunks), 415, shape);
      const plain = await request(`POST ${path}`, ['content-encoding: identity', `content-type: ${FORM}`], 'x');
      expect(plain.status).toBe(201);
    },
  );

  describe('times', () => {
    it('are 10 s for headers, 30 s for a request and 65 s between two', () => {
      expect(server.app.getHttpServer()).toMatchObject({
        headersTimeout: 10_000,
        requestTimeout: 30_000,
        keepAliveTimeout: 65_000,
      });
    });

    it('end a request that does not come, with an answer, and a connection that nobody uses', async () => {
      const hasty = await LimitedServer.start({
        // So long that the one that is idle is read before, on a slow machine too.
        times: { headersMs: 3_000, requestMs: 4_000, keepAliveMs: 100, lookEveryMs: 20 },
      });
      const slowHead = hasty.raw('GET /me/v1/things HTTP/1.1\r\nhost: x\r\n');
      const slowBody = hasty.raw('POST /api/v2/things HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab');
      const idle = hasty.raw('GET /oauth/things HTTP/1.1\r\nhost: x\r\n\r\n');
      refused(await slowHead, 408, '/oauth'); // of a head that is not there nobody knows whose it was
      refused(await slowBody, 408, '/api/v2');
      expect((await idle).status).toBe(200);
      await hasty.stop();
    });
  });
});
