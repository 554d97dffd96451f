import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalAuthority, type LocalAuthority } from '@strongroom/crypto';
import { type Canary, httpCanary, tcpCanary } from '../test/canary.js';
import { getInChild } from '../test/child.js';
import { Egress, type EgressOptions } from './egress.js';
import { type EgressFailedError, EgressRefusedError } from './egress.errors.js';

interface Proxy {
  origin: string;
  /** What it was asked for, and with which headers. */
  asked: { authority: string; headers: IncomingHttpHeaders }[];
  /** Every byte that went through to the target. */
  passed: Buffer[];
}

describe('Egress: through the proxy of the operator', () => {
  const opened: { close(): unknown }[] = [];
  let dir: string;
  let authority: LocalAuthority;
  let resolved: string[];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'strongroom-egress-'));
    authority = await createLocalAuthority(dir, ['idp.example', 'proxy.example']);
  });
  beforeEach(() => {
    resolved = [];
  });
  afterEach(() => Promise.all(opened.splice(0).map((each) => each.close())));
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const listen = async <S extends Server>(server: S): Promise<number> => {
    const open = new Set<Socket>();
    server.on('connection', (socket: Socket) => open.add(socket.on('error', () => undefined)));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    opened.push({
      close: () => {
        for (const socket of open) socket.destroy();
        server.close();
      },
    });
    return (server.address() as AddressInfo).port;
  };
  /** A proxy that leads every name to this machine. */
  const proxy = async ({ isTls = false } = {}): Promise<Proxy> => {
    const made: Proxy = { origin: '', asked: [], passed: [] };
    const server = isTls ? createHttpsServer(authority) : createHttpServer();
    server.on('connect', ({ url: authority = '', headers }, from: Socket) => {
      made.asked.push({ authority, headers });
      const to = connect(Number(authority.split(':').pop()), '127.0.0.1', () => {
        from.write('HTTP/1.1 200 Connection established\r\n\r\n');
        from.on('data', (chunk: Buffer) => made.passed.push(chunk)).pipe(to);
        to.pipe(from);
      });
      to.on('error', () => from.destroy());
      from.on('error', () => to.destroy());
    });
    made.origin = `http${isTls ? 's' : ''}://127.0.0.1:${await listen(server)}`;
    return made;
  };
  const tlsTarget = async (answer: RequestListener): Promise<string> =>
    `https://idp.example:${await listen(createHttpsServer(authority, answer))}`;
  const canary = async (made: Promise<Canary>): Promise<Canary> => {
    opened.push(await made);
    return made;
  };
  const through = (url: string, more: Partial<EgressOptions> & { credentials?: string } = {}): Egress => {
    const { credentials, ...options } = more;
    return new Egress({
      allow: ['https://idp.example:*', 'http://idp.example:*'],
      ca: [authority.ca],
      resolve: (host) => {
        resolved.push(host);
        return Promise.resolve(['127.0.0.1']);
      },
      proxy: { url, ...(credentials === undefined ? {} : { credentials }) },
      ...options,
    });
  };
  const failure = (egress: Egress, url: string): Promise<unknown> =>
    egress.request({ method: 'GET', url, timeoutMs: 30_000 }).catch((error: unknown) => error);

  it.each([false, true])(
    'asks it for the name and speaks TLS with the target inside (proxy with TLS: %s)',
    async (isTls) => {
      const seen: IncomingHttpHeaders[] = [];
      const origin = await tlsTarget((request, response) => {
        seen.push(request.headers);
        response.end('hello');
      });
      const one = await proxy({ isTls });
      const egress = through(one.origin, { credentials: 'vault:cnry_proxy_password' });
      const answer = await egress.request({
        method: 'POST',
        url: `${origin}/token`,
        headers: { authorization: 'Basic cnry_client_secret' },
        body: 'refresh_token=cnry_refresh_token',
      });
      expect(answer.body.toString()).toBe('hello');
      const { host } = new URL(origin);
      expect(one.asked).toMatchObject([
        {
          authority: host,
          headers: {
            host,
            'proxy-authorization': `Basic ${Buffer.from('vault:cnry_proxy_password').toString('base64')}`,
          },
        },
      ]);
      expect(Buffer.concat(one.passed).toString('latin1')).not.toContain('cnry_');
      expect(seen).toMatchObject([{ authorization: 'Basic cnry_client_secret' }]);
      expect(seen[0]).not.toHaveProperty('proxy-authorization');
      expect(resolved).toEqual([]); // where the name leads is the proxy's business
    },
  );

  it('tunnels to a listed origin without TLS too, and opens a connection for each request', async () => {
    const target = await canary(httpCanary((_request, response) => response.end('hello')));
    const one = await proxy();
    const egress = through(one.origin);
    for (let n = 0; n < 2; n++) {
      const answer = await egress.request({ method: 'GET', url: `http://idp.example:${target.port}/` });
      expect(answer.body.toString()).toBe('hello');
    }
    expect(one.asked.map(({ authority }) => authority)).toEqual(Array(2).fill(`idp.example:${target.port}`));
    expect(one.asked[0]?.headers).not.toHaveProperty('proxy-authorization');
    expect(target.visits).toBe(2);
  });

  it.each([
    'https://127.0.0.1/',
    'https://0x7f.1../',
    'https://[::1]/',
    'https://[::ffff:7f00:1]/',
    'https://10.0.0.1/',
    'https://169.254.169.254/',
    'https://localhost/',
    'https://metadata.google.internal/',
    'https://user:cnry_password@idp.example/',
    'https://public.example:8443/',
    'http://public.example/',
    'ftp://idp.example/',
    'https://vault.example/',
  ])('refuses %s before the proxy hears of it', async (url) => {
    const front = await canary(tcpCanary(() => undefined));
    const egress = through(front.origin, { ownOrigins: ['https://vault.example'] });
    expect(() => egress.check(url)).toThrow(EgressRefusedError);
    expect(await failure(egress, url)).toBeInstanceOf(EgressRefusedError);
    expect(front.visits).toBe(0);
  });

  it.each([
    ['wants other credentials', 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', 'HTTP_407'],
    ['refuses the address', 'HTTP/1.1 403 Forbidden\r\ncontent-length: 11\r\n\r\ncnry_answer', 'HTTP_403'],
    ['redirects', 'HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1/\r\n\r\n', 'HTTP_302'],
    ['says more than it was asked', 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', 'EARLY'],
    ['is no HTTP server', 'SSH-2.0-cnry_answer\r\n', 'HPE_INVALID_CONSTANT'],
    ['has headers without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, 'HPE_HEADER_OVERFLOW'],
  ])('says that nothing was sent when the proxy %s', async (_what, said, systemCode) => {
    const front = await canary(tcpCanary((socket) => socket.once('data', () => socket.write(said))));
    const error = (await failure(through(front.origin), 'https://idp.example/')) as EgressFailedError;
    expect(error).toMatchObject({ name: 'EgressFailedError', reason: 'proxy', sent: 'no', systemCode });
    expect(`${error.stack} ${String(error.cause)}`).not.toContain('cnry_');
  });

  it('says the same when the proxy is not there, hangs up, is silent, or is not who its certificate should name', async () => {
    const gone = await httpCanary(() => undefined);
    await gone.close();
    expect(await failure(through(gone.origin), 'https://idp.example/')).toMatchObject({
      reason: 'connect',
      sent: 'no',
    });
    const rude = await canary(tcpCanary((socket) => socket.once('data', () => socket.destroy())));
    expect(await failure(through(rude.origin), 'https://idp.example/')).toMatchObject({ reason: 'proxy', sent: 'no' });
    const silent = await canary(tcpCanary(() => undefined));
    const asked = through(silent.origin).request({ method: 'GET', url: 'https://idp.example/', timeoutMs: 200 });
    await expect(asked).rejects.toMatchObject({ reason: 'timeout', sent: 'no' });
    const { origin } = await proxy({ isTls: true });
    expect(await failure(through(origin, { ca: [] }), 'https://idp.example/')).toMatchObject({
      reason: 'tls',
      sent: 'no',
    });
  });

  it('compares the certificate of the target with its name, whoever the proxy leads to', async () => {
    const one = await proxy();
    const port = await listen(createHttpsServer(authority));
    const egress = through(one.origin, { allow: ['https://other.example:*'] });
    expect(await failure(egress, `https://other.example:${port}/`)).toMatchObject({
      reason: 'tls',
      sent: 'no',
      systemCode: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  it.each([
    ['proxy.example:3128', 'STRONGROOM_EGRESS_PROXY'],
    ['socks5://proxy.example:1080', 'STRONGROOM_EGRESS_PROXY'],
    ['http://proxy.example:3128/path', 'STRONGROOM_EGRESS_PROXY'],
    ['http://vault:cnry_password@proxy.example:3128', 'STRONGROOM_EGRESS_PROXY_CREDENTIALS'],
  ])('does not start with the proxy %j', (url, setting) => {
    const start = () => through(url);
    expect(start).toThrow(setting);
    expect(start).not.toThrow(/cnry_/);
  });

  it('does not start with credentials that are no pair', () => {
    const start = () => through('http://proxy.example:3128', { credentials: 'cnry_only_a_password' });
    expect(start).toThrow('STRONGROOM_EGRESS_PROXY_CREDENTIALS');
    expect(start).not.toThrow(/cnry_/);
  });

  it('uses none that the environment names, as Node and libraries would', async () => {
    const front = await canary(tcpCanary((socket) => socket.destroy()));
    const target = await canary(httpCanary((_request, response) => response.end('hello')));
    const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];
    const environment = { ...Object.fromEntries(names.map((name) => [name, front.origin])), NODE_USE_ENV_PROXY: '1' };
    expect(await getInChild({ allow: [target.origin] }, target.origin, environment)).toBe('hello');
    // Nor to reach the operator's own.
    const one = await proxy();
    const options = { allow: [target.origin], proxy: { url: one.origin } };
    expect(await getInChild(options, target.origin, environment)).toBe('hello');
    expect(one.asked).toHaveLength(1);
    expect(front.visits).toBe(0);
  });
});
