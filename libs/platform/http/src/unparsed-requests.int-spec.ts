import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalAuthority } from '@strongroom/crypto';
import { LimitedServer, refused, SHAPES } from '../test/limited-server.js';

describe('threats §9 what is no request', () => {
  let server: LimitedServer;
  let overTls: LimitedServer;
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'strongroom-'));
    server = await LimitedServer.start();
    overTls = await LimitedServer.start({ tls: await createLocalAuthority(directory) });
  });
  afterAll(async () => {
    await server.stop();
    await overTls.stop();
    await rm(directory, { recursive: true });
  });

  it.each([
    ['no HTTP at all', 'cnry_hello\r\n\r\n', 400, '/oauth'],
    ['the beginning of TLS', Buffer.from([22, 3, 1, 2, 0, 1, 0, 1]), 400, '/oauth'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, '/oauth'],
    ['a method that nobody knows', 'BREW /api/v2/things HTTP/1.1\r\nhost: x\r\n\r\n', 400, '/api/v2'],
    ['a host in its address', 'GET http://x/me/v1/things HTTP/9.9\r\nhost: x\r\n\r\n', 400, '/me/v1'],
    ['no host', 'GET /me/v1/things HTTP/1.1\r\nconnection: close\r\n\r\n', 400, '/me/v1'],
    ['a header without a name', 'GET /me/v1/things HTTP/1.1\r\nhost: x\r\n: cnry_\r\n\r\n', 400, '/me/v1'],
    ['a control character', 'GET /u/login HTTP/1.1\r\nhost: x\r\nx: cnry_\x01\r\n\r\n', 400, '/u'],
    [
      'two lengths',
      'POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      400,
      '/oauth',
    ],
    [
      'a length and chunks',
      'POST /api/v2/things HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      '/api/v2',
    ],
    [
      'a chunk without a size',
      'POST /oauth/token HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\ncnry_\r\n',
      400,
      '/oauth',
    ],
    ['a space in the address', 'GET /oauth/things cnry_ HTTP/1.1\r\nhost: x\r\n\r\n', 400, '/oauth'],
  ])('is answered like any other refusal: %s', async (_, bytes, status, shape) => {
    const answer = await server.raw(bytes);
    refused(answer, status, shape);
    expect(answer.head).toContain('connection: close');
  });

  it.each(Object.keys(SHAPES))('promises nothing that is expected at %s', async (prefix) => {
    refused(await server.request(`GET ${prefix}/login`, ['expect: cnry_'], 'x'), 417, prefix);
  });

  it('takes an address with a host in it for its path', async () => {
    for (const host of ['http://vault.example.com', 'https://evil.example', 'HTTP://cnry_@x:1']) {
      const answer = await server.request(`GET ${host}/api/v2/things/1?a=1`);
      expect([answer.status, answer.json]).toEqual([200, { names: 1 }]);
      expect(answer.head).toContain('cache-control: no-store');
      refused(await server.request(`GET ${host}/me/v1/nowhere`), 404, '/me/v1');
      refused(await server.request(`GET ${host}`), 404, '/oauth');
      refused(await server.request(`GET ${host}/me/v1/things`, ['expect: cnry_']), 417, '/me/v1');
    }
  });

  it.each(['GET *', 'OPTIONS *', 'GET *oauth/things', 'GET *api/v2/things/1', 'GET ftp://x/oauth/things', 'GET *?a=1'])(
    'finds no route for an address that is no path: %s',
    async (line) => {
      refused(await server.request(line), 404, '/oauth');
      refused(await overTls.request(line), 404, '/oauth');
    },
  );

  it('takes # for a part of the path, where else a query would begin that nobody has counted', async () => {
    const many = Array(21).fill('a=1').join('&');
    for (const path of [`/api/v2/things/1#${many}`, '/api/v2/things/1#__proto__=1']) {
      const answer = await server.request(`GET ${path}`);
      expect([answer.status, answer.json]).toEqual([200, { names: 0 }]);
    }
    refused(await server.request(`GET /api/v2/things/1?a#&${many}`), 400, '/api/v2');
    for (const [path, shape] of [
      ['/oauth/things#cnry_', '/oauth'],
      ['/me/v1/things#cnry_', '/me/v1'],
      ['/livez#', '/oauth'],
    ] as const)
      refused(await server.request(`GET ${path}`), 404, shape);
  });

  it.each(Object.keys(SHAPES))('knows what a head that comes in parts is for: %s', async (prefix) => {
    for (const [one, length] of [
      [server, 100_000],
      [overTls, 100_000],
      [overTls, 1_000_000],
    ] as const)
      refused(await one.request(`GET ${prefix}/login`, [`x: ${'x'.repeat(length)}`]), 431, prefix);
    const late = [`x: ${'x'.repeat(20_000)}`, 'y: cnry_\x01'];
    refused(await overTls.request(`GET ${prefix}/login`, late), 400, prefix);
  });

  it('leaves no answer half written over another one', async () => {
    const socket = server.connect();
    socket.resume();
    socket.write('GET /oauth/things HTTP/1.1\r\nhost: x\r\n\r\nnonsense');
    await once(socket, 'close');
    expect((await server.request('GET /oauth/things')).status).toBe(200);
  });
});
