import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type Canary, httpCanary, tcpCanary } from '../test/canary.js';
import { Egress, type EgressRequest } from './egress.js';
import { EgressFailedError } from './egress.errors.js';

const MIB = 1024 * 1024;

describe('Egress: what it sends and takes', () => {
  const opened: Canary[] = [];
  const egress = new Egress({ allow: ['http://127.0.0.1:*', 'https://127.0.0.1:*', 'http://idp.corp.example:*'] });

  afterEach(async () => {
    await Promise.all(opened.splice(0).map((canary) => canary.close()));
  });
  const serve = async (answer: RequestListener): Promise<Canary> => {
    const canary = await httpCanary(answer);
    opened.push(canary);
    return canary;
  };
  const serveTcp = async (answer: (socket: Socket) => void): Promise<Canary> => {
    const canary = await tcpCanary(answer);
    opened.push(canary);
    return canary;
  };
  const failure = async (request: Partial<EgressRequest> & { url: string }): Promise<EgressFailedError> => {
    const error: unknown = await egress
      .request({ method: 'GET', timeoutMs: 30_000, ...request })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EgressFailedError);
    return error as EgressFailedError;
  };

  it('sends method, path, query, headers and body, and gives back status, headers and body', async () => {
    let seen: { request: IncomingMessage; body: string } | undefined;
    const { origin } = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        seen = { request, body };
        response.writeHead(201, { 'content-type': 'text/plain', 'x-two': ['a', 'b'], 'set-cookie': 'a=b' }).end('made');
      });
    });
    const answer = await egress.request({
      method: 'POST',
      url: `${origin}/token?x=1`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', authorization: 'Basic eDp5' },
      body: 'grant_type=refresh_token',
    });
    expect(answer.status).toBe(201);
    expect(answer.body.toString()).toBe('made');
    expect(answer.headers['content-type']).toBe('text/plain');
    expect(answer.headers['x-two']).toBe('a, b');
    expect(seen?.request.method).toBe('POST');
    expect(seen?.request.url).toBe('/token?x=1');
    expect(seen?.request.headers.authorization).toBe('Basic eDp5');
    expect(seen?.request.headers['content-length']).toBe('24');
    expect(seen?.body).toBe('grant_type=refresh_token');
  });

  it('has no cookies, in neither direction, and lets nobody set the headers that frame a request', async () => {
    const headers: IncomingMessage['headers'][] = [];
    const { origin, port } = await serve((request, response) => {
      headers.push(request.headers);
      response.writeHead(200, { 'set-cookie': 'sid=1' }).end();
    });
    const given = {
      cookie: 'a=b',
      host: 'evil.example',
      'transfer-encoding': 'chunked',
      'content-length': '99',
      te: 'x',
    };
    const first = await egress.request({ method: 'POST', url: origin, headers: given, body: 'x' });
    await egress.request({ method: 'GET', url: origin });
    expect(first.headers['set-cookie']).toBeUndefined();
    for (const each of headers) {
      expect(each.cookie).toBeUndefined();
      expect(each.host).toBe(`127.0.0.1:${port}`);
    }
    expect(headers[0]?.['content-length']).toBe('1');
    expect(headers[0]?.['transfer-encoding']).toBeUndefined();
  });

  it('opens a connection for each request: a dead one is never used again', async () => {
    const canary = await serve((_request, response) => response.end('ok'));
    for (let n = 0; n < 3; n++) await egress.request({ method: 'POST', url: canary.origin, body: 'x' });
    expect(canary.visits).toBe(3);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('reads %s, and asks for nothing else', async (encoding, compress) => {
    let accepted: unknown;
    const { origin } = await serve((request, response) => {
      accepted = request.headers['accept-encoding'];
      response.writeHead(200, { 'content-encoding': encoding }).end(compress('{"a":1}'));
    });
    const answer = await egress.request({ method: 'GET', url: origin });
    expect(answer.body.toString()).toBe('{"a":1}');
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(accepted).toBe('gzip, br');
  });

  it('takes an answer without a body, also if it names an encoding', async () => {
    const { origin } = await serve((_request, response) =>
      response.writeHead(204, { 'content-encoding': 'gzip' }).end(),
    );
    expect((await egress.request({ method: 'POST', url: origin })).body).toHaveLength(0);
  });

  describe('limits (P2)', () => {
    it('takes 1 MiB and not a byte more', async () => {
      const { origin } = await serve((request, response) => response.end(Buffer.alloc(Number(request.url?.slice(1)))));
      expect((await egress.request({ method: 'GET', url: `${origin}/${MIB}` })).body).toHaveLength(MIB);
      expect(await failure({ url: `${origin}/${MIB + 1}` })).toMatchObject({ reason: 'too_large', sent: 'maybe' });
    });

    it('stops reading an answer without end', async () => {
      let written = 0;
      const { origin } = await serve((_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65536))) written += 65536;
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      });
      expect(await failure({ url: origin })).toMatchObject({ reason: 'too_large', sent: 'maybe' });
      expect(written).toBeLessThan(64 * MIB);
    });

    it.each([
      ['gzip', gzipSync(Buffer.alloc(80 * MIB))],
      ['br', brotliCompressSync(Buffer.alloc(80 * MIB))],
    ])('stops a %s bomb', async (encoding, bomb) => {
      expect(bomb.length).toBeLessThan(MIB);
      const { origin } = await serve((_request, response) =>
        response.writeHead(200, { 'content-encoding': encoding }).end(bomb),
      );
      const before = process.memoryUsage().rss;
      expect(await failure({ url: origin })).toMatchObject({ reason: 'too_large', sent: 'maybe' });
      expect(process.memoryUsage().rss - before).toBeLessThan(50 * MIB);
    });

    it.each(['deflate', 'gzip, gzip', 'zstd'])('refuses the encoding %j', async (encoding) => {
      const { origin } = await serve((_request, response) =>
        response.writeHead(200, { 'content-encoding': encoding }).end('x'),
      );
      expect(await failure({ url: origin })).toMatchObject({ reason: 'invalid_answer', sent: 'maybe' });
    });

    it('refuses what only says that it is gzip', async () => {
      const { origin } = await serve((_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain'),
      );
      expect(await failure({ url: origin })).toMatchObject({ reason: 'invalid_answer', sent: 'maybe' });
    });

    it('takes no more than 16 KiB of headers', async () => {
      const { origin } = await serve((request, response) =>
        response.writeHead(200, { 'x-long': 'x'.repeat(Number(request.url?.slice(1))) }).end(),
      );
      expect((await egress.request({ method: 'GET', url: `${origin}/15000` })).status).toBe(200);
      expect(await failure({ url: `${origin}/17000` })).toMatchObject({ reason: 'too_large', sent: 'maybe' });
    });

    it('ends a request in its time: silence, dripping headers, dripping body', async () => {
      let received = 0;
      const heard = (socket: Socket): void => void socket.once('data', () => (received += 1));
      const silent = await serveTcp(heard);
      const headers = await serveTcp((socket) => {
        heard(socket);
        socket.write('HTTP/1.1 200 OK\r\n');
        const drip = setInterval(() => (socket.destroyed ? clearInterval(drip) : socket.write('x-a: b\r\n')), 20);
      });
      const body = await serve((_request, response) => {
        received += 1;
        const drip = setInterval(() => (response.destroyed ? clearInterval(drip) : response.write('x')), 20);
      });
      for (const { origin } of [silent, headers, body]) {
        received = 0;
        // On a slow machine the time may be over before anything was sent: then it gets more.
        for (let timeoutMs = 300; received === 0; timeoutMs *= 2) {
          const { reason, sent } = await failure({ url: origin, timeoutMs });
          expect(reason).toBe('timeout');
          if (received > 0) expect(sent).toBe('maybe');
        }
      }
    });

    it('takes JSON 32 deep and no deeper, and does not mistake brackets in text for depth', async () => {
      const { origin } = await serve((request, response) => {
        const depth = Number(request.url?.slice(1));
        response.end(
          depth > 0 ? '['.repeat(depth) + ']'.repeat(depth) : `{"a":"${'['.repeat(99)}\\"${'{'.repeat(99)}"}`,
        );
      });
      for (const path of ['/32', '/0'])
        expect((await egress.request({ method: 'GET', url: origin + path })).status).toBe(200);
      for (const path of ['/33', '/100000'])
        expect(await failure({ url: origin + path })).toMatchObject({ reason: 'too_deep', sent: 'maybe' });
    });

    it.each(['\ufeff', ' \u00a0\n', '\u2028'])('measures JSON also behind %j, which readers skip', async (before) => {
      const { origin } = await serve((_request, response) =>
        response.end(`${before}${'['.repeat(33)}${']'.repeat(33)}`),
      );
      expect(await failure({ url: origin })).toMatchObject({ reason: 'too_deep', sent: 'maybe' });
    });
  });

  describe('says whether anything can have been sent', () => {
    it('no: nobody listens', async () => {
      const canary = await httpCanary(() => undefined);
      await canary.close();
      expect(await failure({ url: canary.origin })).toMatchObject({
        reason: 'connect',
        sent: 'no',
        systemCode: 'ECONNREFUSED',
      });
    });

    it('no: the name does not resolve, or the resolver never answers', async () => {
      const nowhere = [
        () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
        () => Promise.resolve([]),
        () => new Promise<string[]>(() => undefined),
      ];
      for (const resolve of nowhere) {
        const through = new Egress({ allow: [], resolve });
        const asked = through.request({ method: 'POST', url: 'https://idp.example/', timeoutMs: 200 });
        await expect(asked).rejects.toMatchObject({ name: 'EgressFailedError', sent: 'no' });
      }
    });

    it('no: the TLS handshake fails, is cut off, or never ends', async () => {
      const talksHttp = await serve((_request, response) => response.end());
      const hangsUp = await serveTcp((socket) => socket.once('data', () => socket.destroy()));
      const silent = await serveTcp(() => undefined);
      for (const { port } of [talksHttp, hangsUp, silent]) {
        const error = await failure({ url: `https://127.0.0.1:${port}/`, timeoutMs: 500 });
        expect(error.sent).toBe('no');
        expect(['tls', 'timeout']).toContain(error.reason);
      }
    });

    it('no: the request itself cannot be written', async () => {
      const canary = await serve((_request, response) => response.end());
      const error = await failure({ url: canary.origin, headers: { 'x-a': 'b\r\ncnry_injected: 1' } });
      expect(error).toMatchObject({ reason: 'invalid_request', sent: 'no' });
      expect(canary.visits).toBe(0);
    });

    it('maybe: the connection is lost after the request, or in the middle of the answer', async () => {
      const afterRequest = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
      const inHeaders = await serveTcp((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nx-a')));
      const inBody = await serveTcp((socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')),
      );
      for (const { origin } of [afterRequest, inHeaders, inBody])
        expect(await failure({ method: 'POST', url: origin, body: 'x' })).toMatchObject({
          reason: 'connection_lost',
          sent: 'maybe',
        });
    });

    it('maybe: the answer is not HTTP', async () => {
      const { origin } = await serveTcp((socket) => socket.once('data', () => socket.end('220 smtp ready\r\n\r\n')));
      expect(await failure({ url: origin })).toMatchObject({ reason: 'invalid_answer', sent: 'maybe' });
    });

    it('sends a request once, whatever happens to it', async () => {
      const canary = await serveTcp((socket) => socket.once('data', () => socket.resetAndDestroy()));
      await failure({ method: 'GET', url: canary.origin });
      await failure({ method: 'POST', url: canary.origin, body: 'x' });
      expect(canary.visits).toBe(2);
    });

    it('ends what is under way when it closes, and when the caller gives up', async () => {
      const { origin } = await serveTcp(() => undefined);
      const closing = new Egress({ allow: ['http://127.0.0.1:*'] });
      const asked = closing.request({ method: 'GET', url: origin });
      await closing.close();
      await expect(asked).rejects.toMatchObject({ reason: 'aborted' });
      expect(await failure({ url: origin, signal: AbortSignal.abort() })).toMatchObject({
        reason: 'aborted',
        sent: 'no',
      });
    });
  });

  it('keeps the request and the answer out of its errors', async () => {
    const { origin } = await serveTcp((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 cnry_answer\r\n\r\n')),
    );
    const error = await failure({
      method: 'POST',
      url: `${origin}/cnry_path?token=cnry_query`,
      headers: { authorization: 'Bearer cnry_header' },
      body: `refresh_token=cnry_body${randomBytes(8).toString('hex')}`,
    });
    const seen = [error.stack, JSON.stringify(error), String((error.cause as Error | undefined)?.stack)].join(' ');
    expect(seen).not.toContain('cnry_');
  });

  describe('fetch', () => {
    it('serves libraries: form bodies, headers, json answers, redirects as they are', async () => {
      const { origin } = await serve((request, response) => {
        if (request.url === '/moved') return void response.writeHead(302, { location: '/' }).end();
        let body = '';
        request.on('data', (chunk) => (body += String(chunk)));
        request.on('end', () =>
          response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ body, type: request.headers['content-type'], accept: request.headers.accept })),
        );
      });
      const response = await egress.fetch(`${origin}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'x' }),
        headers: { accept: 'application/json' },
        redirect: 'manual',
      });
      expect(await response.json()).toEqual({
        body: 'grant_type=x',
        type: 'application/x-www-form-urlencoded;charset=UTF-8',
        accept: 'application/json',
      });
      expect((await egress.fetch(new URL(`${origin}/moved`), { redirect: 'manual' })).status).toBe(302);
    });

    it('keeps the rules', async () => {
      await expect(egress.fetch('http://10.0.0.1/')).rejects.toMatchObject({ code: 'egress_refused' });
      await expect(egress.fetch('https://localhost/')).rejects.toMatchObject({ code: 'egress_refused' });
    });

    it('takes a key set of 50 and none of 51', async () => {
      const { origin } = await serve((request, response) =>
        response.end(JSON.stringify({ keys: Array.from({ length: Number(request.url?.slice(1)) }, () => ({})) })),
      );
      expect((await egress.fetch(`${origin}/50`)).status).toBe(200);
      await expect(egress.fetch(`${origin}/51`)).rejects.toMatchObject({ reason: 'too_large' });
    });

    it.each(['{"k\\u0065ys":', '\ufeff{"keys":'])('counts them however the set begins: %j', async (begin) => {
      const { origin } = await serve((_request, response) => response.end(`${begin}[${'{},'.repeat(50)}{}]}`));
      await expect(egress.fetch(origin)).rejects.toMatchObject({ reason: 'too_large' });
    });

    it('does not quote user information of a URL that it refuses', async () => {
      const error: unknown = await egress
        .fetch('https://cnry_user:cnry_password@idp.example/')
        .catch((refused: unknown) => refused);
      expect(error).toMatchObject({ code: 'egress_refused' });
      expect(String((error as Error).stack)).not.toContain('cnry_');
    });

    it('answers 204 without a body', async () => {
      const { origin } = await serve((_request, response) => response.writeHead(204).end());
      expect((await egress.fetch(origin)).status).toBe(204);
    });
  });
});
