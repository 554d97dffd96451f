import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfiguredMasterKeys } from '@strongroom/crypto';
import { type Config, configSchema } from './config.js';
import { DataDirectory } from './data-directory.js';

const config = (env: Record<string, string> = {}): Config => configSchema.parse(env);

describe('the data directory', () => {
  let path: string;
  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'data-')), 'strongroom');
  });
  afterEach(() => rm(join(path, '..'), { recursive: true }));

  it('MG-31 and O6 makes keys and credentials once, for the owner alone', async () => {
    const first = await DataDirectory.open(path);
    const made = [
      await first.masterKeys(config()),
      await first.managementClient(config()),
      await first.administrator(config()),
    ];
    expect(() => ConfiguredMasterKeys.parse(made[0] as string)).not.toThrow();
    for (const name of ['master-keys', 'management', 'administrator'])
      expect((await stat(join(path, name))).mode & 0o777).toBe(0o600);
    const again = await DataDirectory.open(path);
    expect([
      await again.masterKeys(config()),
      await again.managementClient(config()),
      await again.administrator(config()),
    ]).toEqual(made);
  });

  it('O6 keeps others out of itself, not out of the directories on the way: Postgres passes through them', async () => {
    const { path: deep } = await DataDirectory.open(join(path, 'of/mine'));
    expect((await stat(deep)).mode & 0o777).toBe(0o700);
    for (const above of [path, join(path, 'of')]) expect((await stat(above)).mode & 0o001).toBe(0o001);
  });

  it('takes what the configuration says before what it made', async () => {
    const directory = await DataDirectory.open(path);
    await directory.managementClient(config());
    const given = config({
      STRONGROOM_MANAGEMENT_CLIENT_ID: 'ops',
      STRONGROOM_MANAGEMENT_CLIENT_SECRET: 'cnry_a_long_enough_secret',
      STRONGROOM_ADMIN_EMAIL: 'root@example.com',
      STRONGROOM_ADMIN_PASSWORD: 'cnry_password',
    });
    expect(await directory.managementClient(given)).toEqual({
      clientId: 'ops',
      clientSecret: 'cnry_a_long_enough_secret',
    });
    expect(await directory.administrator(given)).toEqual({ email: 'root@example.com', password: 'cnry_password' });
  });

  it('makes no new master key for a database that was sealed with another', async () => {
    const directory = await DataDirectory.open(path);
    await directory.masterKeys(config());
    await mkdir(join(path, 'postgres'));
    await writeFile(join(path, 'postgres/PG_VERSION'), '18');
    await rm(join(path, 'master-keys'));
    await expect(directory.masterKeys(config())).rejects.toThrow(/master-keys is missing[^]*STRONGROOM_MASTER_KEYS/);
    await expect(stat(join(path, 'master-keys'))).rejects.toThrow(/ENOENT/);
  });

  it('refuses files that others can read, and says which and what to do', async () => {
    const directory = await DataDirectory.open(path);
    const key = await directory.masterKeys(config());
    await chmod(join(path, 'master-keys'), 0o644);
    await expect(DataDirectory.open(path)).rejects.toThrow(/master-keys can be read by others[^]*chmod 600/);
    await chmod(join(path, 'master-keys'), 0o600);
    expect(await (await DataDirectory.open(path)).masterKeys(config())).toBe(key);
  });

  it('encryption §10 names the setting, and not where the directory is', async () => {
    await DataDirectory.open(path);
    await symlink(join(path, 'nowhere'), join(path, 'master-keys'));
    await expect(DataDirectory.open(path)).rejects.toThrow(/^STRONGROOM_DATA_DIR: master-keys is no file/);
    await rm(join(path, 'master-keys'));
    await writeFile(join(path, 'master-keys'), 'cnry_', { mode: 0o640 });
    await expect(DataDirectory.open(path)).rejects.toThrow(/^STRONGROOM_DATA_DIR: master-keys can be read/);
    await expect(DataDirectory.open('/proc/strongroom')).rejects.toThrow(/^STRONGROOM_DATA_DIR: .* cannot be written/);
  });

  it('makes no key of its own where the one that is given is empty', async () => {
    const directory = await DataDirectory.open(path);
    const given = { ...config(), STRONGROOM_MASTER_KEYS: '' }; // a mounted file that nothing was written to
    await expect(directory.masterKeys(given).then((keys) => ConfiguredMasterKeys.parse(keys))).rejects.toThrow(
      /^STRONGROOM_MASTER_KEYS: no key/,
    );
  });

  it('leaves no half a file behind a start that was killed', async () => {
    const directory = await DataDirectory.open(path);
    await writeFile(join(path, 'master-keys.new'), 'local-1:half', { mode: 0o600 });
    const key = await directory.masterKeys(config());
    expect(() => ConfiguredMasterKeys.parse(key)).not.toThrow();
    expect((await readFile(join(path, 'master-keys'), 'utf8')).trim()).toBe(key);
  });
});
