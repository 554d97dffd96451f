import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { refuseUnwritable, StartRefusedError } from '@strongroom/config';
import type { Config } from './config.js';

/** Keys and credentials that the first start makes up, each in a file that only its owner reads. */
export class DataDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = resolve(path);
  }

  static async open(path: string): Promise<DataDirectory> {
    const directory = new DataDirectory(path);
    refuseUnwritable(SETTING, directory.path);
    await directory.refuseOpenFiles();
    return directory;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** A new key is made only for an empty database: with another key nothing in an old one could be opened. */
  async masterKeys(config: Config): Promise<string> {
    const given = config.STRONGROOM_MASTER_KEYS;
    if (given !== undefined) return given; // empty: a mounted file that nothing was written to is no wish for a new key
    if (!existsSync(this.file('master-keys')) && existsSync(this.file('postgres/PG_VERSION')))
      throw new StartRefusedError(
        SETTING,
        'master-keys is missing, beside a database that was sealed with it; put the file back, or set ' +
          'STRONGROOM_MASTER_KEYS. No new key is made: it could not open what is there',
      );
    return this.kept('master-keys', () => `local-1:${randomBytes(32).toString('base64')}`);
  }

  async managementClient(config: Config): Promise<{ clientId: string; clientSecret: string }> {
    const kept = variables(
      await this.kept('management', () =>
        [
          `STRONGROOM_MANAGEMENT_CLIENT_ID=${config.STRONGROOM_MANAGEMENT_CLIENT_ID ?? `mgmt_${word(12)}`}`,
          `STRONGROOM_MANAGEMENT_CLIENT_SECRET=${config.STRONGROOM_MANAGEMENT_CLIENT_SECRET ?? word(32)}`,
        ].join('\n'),
      ),
    );
    return {
      clientId: config.STRONGROOM_MANAGEMENT_CLIENT_ID ?? kept['STRONGROOM_MANAGEMENT_CLIENT_ID']!,
      clientSecret: config.STRONGROOM_MANAGEMENT_CLIENT_SECRET ?? kept['STRONGROOM_MANAGEMENT_CLIENT_SECRET']!,
    };
  }

  async administrator(config: Config): Promise<{ email: string; password: string }> {
    const kept = variables(
      await this.kept('administrator', () =>
        [
          `STRONGROOM_ADMIN_EMAIL=${config.STRONGROOM_ADMIN_EMAIL ?? 'admin@strongroom.example'}`,
          `STRONGROOM_ADMIN_PASSWORD=${config.STRONGROOM_ADMIN_PASSWORD ?? word(18)}`,
        ].join('\n'),
      ),
    );
    return {
      email: config.STRONGROOM_ADMIN_EMAIL ?? kept['STRONGROOM_ADMIN_EMAIL']!,
      password: config.STRONGROOM_ADMIN_PASSWORD ?? kept['STRONGROOM_ADMIN_PASSWORD']!,
    };
  }

  /** What the file holds; if there is none, what `make` says, durable on disk before anybody uses it. */
  private async kept(name: string, make: () => string): Promise<string> {
    if (!existsSync(this.file(name))) {
      const draft = this.file(`${name}.new`); // a start that is killed here leaves no half a key behind
      const file = await open(draft, 'w', 0o600);
      await file.writeFile(`${make()}\n`);
      await file.sync();
      await file.close();
      await rename(draft, this.file(name));
    }
    return (await readFile(this.file(name), 'utf8')).trim();
  }

  private async refuseOpenFiles(): Promise<void> {
    if ((await stat(this.path)).mode & 0o022) await chmod(this.path, 0o700);
    for (const name of await readdir(this.path)) {
      const found = await stat(this.file(name)).catch(() => undefined);
      if (found?.isFile() && found.mode & 0o077)
        throw new StartRefusedError(
          SETTING,
          `${name} can be read by others than its owner: chmod 600 it, and change what it holds`,
        );
      if (KEPT.includes(name) && !found?.isFile())
        throw new StartRefusedError(SETTING, `${name} is no file, or a link to nothing; put the file back`);
    }
  }
}

const SETTING = 'STRONGROOM_DATA_DIR';
const KEPT = ['master-keys', 'management', 'administrator'];

const word = (bytes: number): string => randomBytes(bytes).toString('base64url');

const variables = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
