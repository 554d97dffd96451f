import { createPrivateKey } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceNames } from '@strongroom/contracts';
import { ConfiguredMasterKeys } from '@strongroom/crypto';
import { ServiceKeys } from '@strongroom/rpc';
import { strongroom } from '../../test/terminal.js';

describe('strongroom init', () => {
  const root = mkdtempSync('/var/tmp/strongroom-init-');
  afterAll(() => rmSync(root, { recursive: true }));

  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(root, 'secrets-'))));
  const init = (...more: string[]) =>
    strongroom(['init', '--dir', dir, '--public-url', 'https://vault.example.org', ...more]);
  const read = (name: string) => readFileSync(join(dir, name), 'utf8').trim();
  const files = () =>
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  const contents = () => Object.fromEntries(files().map((path) => [path, readFileSync(path, 'utf8')]));

  it('O4: gives each service its own secrets and no other, in a directory that only its owner reads', async () => {
    expect((await init()).code).toBe(0);
    const all = ['database-password', 'service-key.pem', 'service-keys.json'];
    const more: Record<string, string[]> = {
      tokensets: ['master-keys'],
      identity: [
        'administrator-email',
        'administrator-password',
        'management-client-id',
        'management-client-secret',
        'master-keys',
      ],
      audit: ['ledger-key.pem'],
    };
    for (const service of serviceNames) {
      expect(readdirSync(join(dir, service)).sort()).toEqual([...all, ...(more[service] ?? [])].sort());
      expect(statSync(join(dir, service)).mode & 0o777).toBe(0o700);
    }
    expect(readdirSync(join(dir, 'owner'))).toEqual(['database-password']);
    for (const path of files()) expect(statSync(path).mode & 0o777).toBe(0o600);
    const secrets = files().filter((path) => !/service-keys\.json|administrator-email/.test(path));
    expect(new Set(secrets.map((path) => readFileSync(path, 'utf8'))).size).toBe(secrets.length);
  });

  it('makes what the services read', async () => {
    await init();
    for (const name of serviceNames)
      expect(() =>
        ServiceKeys.parse({
          name,
          privateKeyPem: read(`${name}/service-key.pem`),
          publicKeysJwks: read(`${name}/service-keys.json`),
        }),
      ).not.toThrow();
    for (const name of ['tokensets', 'identity'])
      expect(() => ConfiguredMasterKeys.parse(read(`${name}/master-keys`))).not.toThrow();
    expect(createPrivateKey(read('audit/ledger-key.pem')).asymmetricKeyType).toBe('ed25519');
    expect(read('identity/administrator-email')).toBe('admin@vault.example.org');
  });

  it('says what it made and what to copy, and shows no secret', async () => {
    const { text } = await init();
    expect(text).toMatch(/made {2}tokensets\/master-keys/);
    expect(text).toMatch(/Copy tokensets\/master-keys and identity\/master-keys to a safe place/);
    for (const [path, secret] of Object.entries(contents()))
      if (!/service-keys\.json|administrator-email/.test(path)) expect(text).not.toContain(secret.trim());
  });

  it('changes nothing when it runs again', async () => {
    await init();
    const before = contents();
    const { code, text } = await init('--admin-email', 'other@example.com');
    expect([code, text]).toEqual([0, expect.stringMatching(/0 made, 20 secrets were there/)]);
    expect(contents()).toEqual(before);
  });

  it('adds what is missing and tells the others the new public key beside the old one', async () => {
    await init();
    const { 'exchange/service-key.pem': old, ...others } = Object.fromEntries(
      serviceNames.map((name) => [`${name}/service-key.pem`, read(`${name}/service-key.pem`)]),
    );
    rmSync(join(dir, 'exchange'), { recursive: true });
    const { text } = await init();
    expect(text).toMatch(/made {2}exchange\/service-key\.pem/);
    for (const [name, key] of Object.entries(others)) expect(read(name)).toBe(key);
    for (const privateKeyPem of [old!, read('exchange/service-key.pem')])
      for (const service of serviceNames) {
        const publicKeysJwks = read(`${service}/service-keys.json`);
        expect(() => ServiceKeys.parse({ name: 'exchange', privateKeyPem, publicKeysJwks })).not.toThrow();
      }
  });

  it('warns of a master key that it had to make anew', async () => {
    await init();
    rmSync(join(dir, 'identity/master-keys'));
    expect((await init()).text).toMatch(/identity\/master-keys was missing and is a new one: .*put the old file back/);
  });

  it('forgets the old public key of a replaced one when it is told to', async () => {
    await init();
    const old = read('exchange/service-key.pem');
    rmSync(join(dir, 'exchange/service-key.pem'));
    await init();
    await init('--drop-old-service-keys');
    const publicKeysJwks = read('identity/service-keys.json');
    expect(JSON.parse(publicKeysJwks).keys).toHaveLength(serviceNames.length);
    expect(() => ServiceKeys.parse({ name: 'exchange', privateKeyPem: old, publicKeysJwks })).toThrow(
      /not the private/,
    );
  });

  it('leaves no half a file behind a run that was killed', async () => {
    await init();
    rmSync(join(dir, 'tokensets/master-keys'));
    writeFileSync(join(dir, 'tokensets/master-keys.new'), 'mk-1:half', { mode: 0o600 });
    await init();
    expect(() => ConfiguredMasterKeys.parse(read('tokensets/master-keys'))).not.toThrow();
    expect(readdirSync(join(dir, 'tokensets'))).not.toContain('master-keys.new');
  });

  it.each([
    ['file', 'identity/management-client-secret', 0o640, /management-client-secret can be read by others: chmod 600/],
    ['directory', 'tokensets', 0o750, /tokensets is open to others: chmod 700/],
  ])('refuses a %s that others can read, and changes nothing', async (_kind, name, mode, what) => {
    await init();
    rmSync(join(dir, 'exchange/database-password'));
    chmodSync(join(dir, name), mode);
    const { code, text } = await init();
    expect([code, text]).toEqual([1, expect.stringMatching(what)]);
    expect(readdirSync(join(dir, 'exchange'))).not.toContain('database-password');
  });

  it('gives directories and files to the user that the services run as', async () => {
    const [uid, gid] = process.getuid!() === 0 ? [10001, 10002] : [process.getuid!(), process.getgid!()];
    await init();
    expect((await init('--owner', `${uid}:${gid}`)).code).toBe(0);
    for (const path of [dir, join(dir, 'identity'), ...files()])
      expect([path, statSync(path).uid, statSync(path).gid]).toEqual([path, uid, gid]);
  });

  it('answers wrong use with 2, and makes nothing', async () => {
    expect((await strongroom(['init', '--dir', dir])).code).toBe(2);
    for (const wrong of [
      ['--public-url', 'https://vault.example.org/path'],
      ['--owner', 'root'],
      ['--admin-email', 'nobody'],
    ])
      expect((await init(...wrong)).code).toBe(2);
    expect(readdirSync(dir)).toEqual([]);
  });
});
