import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalAuthority, type LocalAuthority } from '@strongroom/crypto';
import { freePort } from '@strongroom/testing';
import { Child, ROOT } from './driver/child.js';

describe('The edge, asking for certificates', () => {
  let home: string;
  let own: LocalAuthority;
  let client: LocalAuthority;
  let service: Server;
  let edge: Child;
  let port: number;
  /** What the last request had when it reached a service. */
  let reached: IncomingHttpHeaders;

  const send = (path: string, { host = 'localhost', shown = null as LocalAuthority | null, headers = {} } = {}) =>
    new Promise<number>((done, failed) => {
      const sent = request(
        {
          ...{ host: '127.0.0.1', port, path, method: 'POST', agent: false, servername: host, ca: own.ca },
          ...(shown ? { cert: shown.cert, key: shown.key } : {}),
          headers: { host: `${host}:${port}`, ...headers },
        },
        (answer) => {
          answer.resume();
          done(answer.statusCode!);
        },
      );
      sent.on('error', failed);
      sent.end();
    });
  const inHeader = ({ cert }: LocalAuthority) => `:${new X509Certificate(cert).raw.toString('base64')}:`;

  beforeAll(async () => {
    home = await mkdtemp('/var/tmp/strongroom-edge-');
    own = await createLocalAuthority(join(home, 'edge'));
    client = await createLocalAuthority(join(home, 'client'));
    service = createServer((asked, answer) => {
      if (asked.url !== '/livez') reached = asked.headers;
      answer.end('{}');
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
    const at = `127.0.0.1:${(service.address() as { port: number }).port}`;
    port = await freePort();
    const environment = {
      ...{ XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, STRONGROOM_EDGE_UPSTREAMS: 'given' },
      STRONGROOM_EDGE_ADDRESS: `https://localhost:${port}, https://mtls.localhost:${port}`,
      STRONGROOM_EDGE_TLS: `${join(home, 'edge/tls/server.pem')} ${join(home, 'edge/tls/server.key')}`,
      STRONGROOM_EDGE_CLIENT_CERTS: 'ask',
      STRONGROOM_CLIENT_CERT_HEADER: 'X-Client-Cert',
      ...Object.fromEntries(
        ['IDENTITY', 'EXCHANGE', 'AUDIT', 'CONNECTIONS', 'CONNECTED_ACCOUNTS', 'TOKENSETS'].map((name) => [
          `STRONGROOM_${name}_UPSTREAM`,
          at,
        ]),
      ),
    };
    const parameters = ['run', '--config', join(ROOT, 'docker/Caddyfile'), '--adapter', 'caddyfile'];
    edge = new Child(process.env['STRONGROOM_TEST_CADDY'] ?? 'caddy', environment, { parameters });
    while ((await send('/oauth/token').catch(() => 0)) !== 200) {
      if (edge.hasEnded) throw new Error(`The edge needs Caddy (STRONGROOM_TEST_CADDY):\n${edge.output}`);
      await sleep(50);
    }
  });
  afterAll(async () => {
    await edge.end();
    service.closeAllConnections();
    service.close();
    await rm(home, { recursive: true });
  });

  it.each(['localhost', 'mtls.localhost'])(
    'EX-21 brings to a service the certificate that was shown to %s',
    async (host) => {
      const headers = { 'x-client-cert': 'cnry_forged', 'x-forwarded-for': '6.6.6.6' };
      for (const path of ['/oauth/token', '/oauth/par']) {
        expect(await send(path, { host, shown: client, headers })).toBe(200);
        expect([reached['x-client-cert'], reached['x-forwarded-for']]).toEqual([inHeader(client), '127.0.0.1']);
      }
    },
  );

  it('EX-21 demands none, and makes nothing of one that was written instead of shown', async () => {
    expect(await send('/oauth/token', { headers: { 'x-client-cert': inHeader(client) } })).toBe(200);
    expect(reached).not.toHaveProperty('x-client-cert');
  });
});
