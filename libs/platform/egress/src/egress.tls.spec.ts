import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalAuthority, type LocalAuthority } from '@strongroom/crypto';
import { Egress } from './egress.js';

describe('Egress: TLS', () => {
  let dir: string;
  let authority: LocalAuthority;
  let requests: string[];
  let port: number;
  const server = createServer((request, response) => {
    requests.push(`${request.headers.host}${request.url}`);
    response.end('hello');
  });
  const resolve = () => Promise.resolve(['127.0.0.1']);
  const through = (ca: string[]) =>
    new Egress({ allow: ['https://idp.example:*', 'https://other.example:*', 'https://127.0.0.1:*'], resolve, ca });
  const get = (egress: Egress, host: string) => egress.request({ method: 'GET', url: `https://${host}:${port}/x` });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'strongroom-egress-'));
    authority = await createLocalAuthority(dir, ['idp.example']);
    server.setSecureContext(authority);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    requests = [];
  });
  afterAll(async () => {
    server.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('compares the certificate with the name that was asked for, or with the address', async () => {
    const egress = through([authority.ca]);
    expect((await get(egress, 'idp.example')).body.toString()).toBe('hello');
    expect((await get(egress, 'idp.example.')).status).toBe(200);
    expect((await get(egress, '127.0.0.1')).status).toBe(200);
    expect(requests).toEqual([`idp.example:${port}/x`, `idp.example:${port}/x`, `127.0.0.1:${port}/x`]);
  });

  it('sends nothing to a server with a certificate for another name, or of an authority nobody trusts', async () => {
    await expect(get(through([authority.ca]), 'other.example')).rejects.toMatchObject({
      reason: 'tls',
      sent: 'no',
      systemCode: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    await expect(get(through([]), 'idp.example')).rejects.toMatchObject({ reason: 'tls', sent: 'no' });
    expect(requests).toEqual([]);
  });

  it('has no switch in the environment that lets any certificate pass', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await expect(get(through([]), 'idp.example')).rejects.toMatchObject({ reason: 'tls', sent: 'no' });
      expect(requests).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });
});
