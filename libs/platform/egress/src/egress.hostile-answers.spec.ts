import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type Canary, httpCanary, tcpCanary } from '../test/canary.js';
import { Egress } from './egress.js';
import type { EgressFailedError, EgressFailure } from './egress.errors.js';

const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, ' ');

/** What a hostile server may send costs no more than the limits say, of memory as well (P2). */
describe('Egress: hostile answers (P2)', () => {
  const egress = new Egress({ allow: ['http://127.0.0.1:*'] });
  let server: Canary | undefined;
  afterEach(() => server?.close());

  /** Writes the same bytes for as long as anybody takes them. */
  const endless = (to: Socket | ServerResponse, bytes: Buffer | string = CHUNK): void => {
    const more = (): void => {
      while (!to.destroyed && to.write(bytes));
    };
    to.on('drain', more);
    more();
  };
  const http = (answer: RequestListener) => httpCanary(answer);
  const raw = (head: string, then: Buffer | string) =>
    tcpCanary((socket) => {
      socket.once('data', () => {
        socket.write(head);
        endless(socket, then);
      });
    });
  const compressed = (encoding: string, body: Buffer) =>
    http((_request, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body));
  // Members of a gzip file add up: 960 MiB in less than the limit for what comes over the wire.
  const gzipBomb = () => Buffer.concat(Array<Buffer>(12).fill(gzipSync(Buffer.alloc(80 * MIB))));
  const brotliBomb = () => brotliCompressSync(Buffer.alloc(80 * MIB));

  it.each<[string, () => Promise<Canary>, EgressFailure]>([
    ['a body of 5 GB', () => raw('HTTP/1.1 200 OK\r\ncontent-length: 5368709120\r\n\r\n', CHUNK), 'too_large'],
    ['a body without end', () => http((_request, response) => endless(response)), 'too_large'],
    ['a body until the connection closes', () => raw('HTTP/1.1 200 OK\r\n\r\n', CHUNK), 'too_large'],
    ['a gzip bomb', () => compressed('gzip', gzipBomb()), 'too_large'],
    ['a brotli bomb', () => compressed('br', brotliBomb()), 'too_large'],
    ['gzip without end', () => http((_q, r) => endless(r.writeHead(200, { 'content-encoding': 'gzip' }))), 'too_large'],
    ['headers without end', () => raw('HTTP/1.1 200 OK\r\n', `x-a: ${'y'.repeat(1000)}\r\n`), 'too_large'],
    ['one header without end', () => raw('HTTP/1.1 200 OK\r\nx-a: ', CHUNK), 'too_large'],
    ['a status line without end', () => raw('HTTP/1.1 200 ', CHUNK), 'too_large'],
    [
      'trailers without end',
      () => raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n', 'x: y\r\n'.repeat(10_000)),
      'too_large',
    ],
    [
      'a chunk extension without end',
      () => raw('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;', 'x'.repeat(65536)),
      'too_large',
    ],
    ['early hints without end', () => raw('', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'), 'too_large'],
    ['JSON half a million deep', () => http((_q, r) => r.end('['.repeat(MIB / 2))), 'too_deep'],
  ])('%s takes no more than 50 MB', async (_what, open, reason) => {
    server = await open();
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 5);
    const error: unknown = await egress
      .request({ method: 'GET', url: server.origin, timeoutMs: 120_000 })
      .catch((failed: unknown) => failed)
      .finally(() => clearInterval(watch));
    most = Math.max(most, process.memoryUsage().rss);
    expect(error).toMatchObject({ name: 'EgressFailedError', reason, sent: 'maybe' });
    expect(most - before).toBeLessThan(50 * MIB);
  });

  it('takes a body of 1 MiB in chunks of a byte each', async () => {
    const chunks = '1\r\nx\r\n'.repeat(MIB);
    server = await tcpCanary((socket) =>
      socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)),
    );
    const { body } = await egress.request({ method: 'GET', url: server.origin, timeoutMs: 120_000 });
    expect(body).toHaveLength(MIB);
  });

  it('ends a slow drip at its time, whatever it drips', async () => {
    for (const [head, drop] of [
      ['', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
      ['HTTP/1.1 200 ', 'O'],
      ['HTTP/1.1 200 OK\r\n', 'x: y\r\n'],
      ['HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n', ' '],
    ] as const) {
      let received = 0;
      const slow = await tcpCanary((socket) => {
        socket.once('data', () => (received += 1));
        socket.write(head);
        const drip = setInterval(() => (socket.destroyed ? clearInterval(drip) : socket.write(drop)), 10);
      });
      // On a slow machine the time may be over before anything was sent: then it gets more.
      for (let timeoutMs = 150; received === 0; timeoutMs *= 2) {
        const asked = egress.request({ method: 'GET', url: slow.origin, timeoutMs });
        const { reason, sent } = (await asked.catch((error: unknown) => error)) as EgressFailedError;
        expect(reason).toBe('timeout');
        if (received > 0) expect(sent).toBe('maybe');
      }
      await slow.close();
    }
  });

  it('gives 10,000 keys to no searcher', async () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => ({ kid: `${index}` }));
    server = await http((_request, response) => response.end(JSON.stringify({ keys })));
    await expect(egress.fetch(server.origin)).rejects.toMatchObject({ reason: 'too_large', sent: 'maybe' });
  });

  it('hands over HTML as it is, for the reader to refuse', async () => {
    const html = '<html><script>location = "http://127.0.0.1/"</script></html>';
    server = await http((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
    const answer = await egress.request({ method: 'GET', url: server.origin });
    expect(answer.body.toString()).toBe(html);
    expect(server.visits).toBe(1);
  });
});
