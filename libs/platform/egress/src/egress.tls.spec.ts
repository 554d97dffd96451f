import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalAuthority, type LocalAuthority } from '@strongroom/crypto';
import { getInChild } from '../test/child.js';
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
    const url = `https://127.0.0.1:${port}/x`;
    const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    expect(await getInChild({ allow: ['https://127.0.0.1:*'] }, url, environment)).toBe('tls');
    expect(requests).toEqual([]);
    // Authorities that the operator adds are another matter.
    const added = { NODE_EXTRA_CA_CERTS: join(dir, 'tls/ca.pem') };
    expect(await getInChild({ allow: ['https://127.0.0.1:*'] }, url, added)).toBe('hello');
  });
});
