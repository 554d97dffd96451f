import { jest } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { createLocalAuthority, type LocalAuthority } from './local-authority.js';

const DAY_MS = 86_400_000;

describe('createLocalAuthority', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'strongroom-authority-'));
  });
  afterEach(async () => {
    jest.useRealTimers();
    await rm(dir, { recursive: true, force: true });
  });

  /** What a client that trusts `ca` alone gets from a server with the certificate, under that name. */
  const visit = async ({ cert, key }: LocalAuthority, ca: string, servername: string): Promise<string> => {
    const server = createServer({ cert, key }, (_request, response) => response.end('hello'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    try {
      return await new Promise<string>((done, failed) => {
        get({ host: '127.0.0.1', port, servername, ca, agent: false }, (response) => {
          response.on('data', (chunk) => done(String(chunk)));
        }).on('error', failed);
      });
    } finally {
      server.close();
    }
  };

  it('is trusted by a client that trusts its authority, for each of the names', async () => {
    const made = await createLocalAuthority(dir, ['vault.example.test']);
    for (const name of ['localhost', 'mtls.localhost', 'vault.example.test'])
      expect(await visit(made, made.ca, name)).toBe('hello');
    await expect(visit(made, made.ca, 'other.example.test')).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    const leaf = new X509Certificate(made.cert);
    for (const address of ['127.0.0.1', '::1']) expect(leaf.checkIP(address)).toBeDefined();
  });

  it('is not trusted by one that trusts another authority', async () => {
    const made = await createLocalAuthority(dir);
    const other = await createLocalAuthority(join(dir, 'other'));
    await expect(visit(made, other.ca, 'localhost')).rejects.toThrow();
  });

  it('keeps its files from others', async () => {
    await createLocalAuthority(dir);
    const mode = async (path: string): Promise<number> => (await stat(join(dir, path))).mode & 0o777;
    expect(await mode('tls')).toBe(0o700);
    for (const name of ['ca.pem', 'ca.key', 'server.pem', 'server.key']) expect(await mode(`tls/${name}`)).toBe(0o600);
    await chmod(join(dir, 'tls'), 0o755);
    await createLocalAuthority(dir);
    expect(await mode('tls')).toBe(0o700);
  });

  it('gives the same back until something changes', async () => {
    const first = await createLocalAuthority(dir, ['a.example.test']);
    expect(await createLocalAuthority(dir, ['a.example.test'])).toEqual(first);
    const more = await createLocalAuthority(dir, ['a.example.test', '10.1.2.3']);
    expect(more.ca).toBe(first.ca);
    expect(more.cert).not.toBe(first.cert);
    expect(new X509Certificate(more.cert).checkIP('10.1.2.3')).toBeDefined();
    expect(await visit(more, first.ca, 'a.example.test')).toBe('hello');
  });

  it('renews the server certificate 30 days before it ends, under the same authority', async () => {
    const first = await createLocalAuthority(dir);
    const ends = new X509Certificate(first.cert).validToDate.getTime();
    const at = (time: number) => jest.useFakeTimers({ now: time, doNotFake: ['nextTick', 'setImmediate'] });
    at(ends - 31 * DAY_MS);
    expect(await createLocalAuthority(dir)).toEqual(first);
    at(ends - 29 * DAY_MS);
    const renewed = await createLocalAuthority(dir);
    expect(renewed.ca).toBe(first.ca);
    expect(new X509Certificate(renewed.cert).validToDate.getTime()).toBeGreaterThan(ends);
  });

  it('makes a server certificate anew when its key is not the one beside it', async () => {
    const first = await createLocalAuthority(dir);
    const other = await createLocalAuthority(join(dir, 'other'));
    await writeFile(join(dir, 'tls/server.key'), other.key);
    const mended = await createLocalAuthority(dir);
    expect(mended.cert).not.toBe(first.cert);
    expect(await visit(mended, first.ca, 'localhost')).toBe('hello');
    expect(await readFile(join(dir, 'tls/server.key'), 'utf8')).toBe(mended.key);
  });
});
