import { constants } from 'node:fs';
import { access, chown, lstat, mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';

export interface Owner {
  uid: number;
  gid: number;
}

/** Directories and files that only their owner reads. A file is whole and on the disk, or it is not there. */
export class SecretsDirectory {
  private constructor(
    readonly path: string,
    private readonly owner: Owner | undefined,
  ) {}

  /** @throws Error that names what others can read, and what to do. */
  static async open(path: string, owner?: Owner): Promise<SecretsDirectory> {
    const directory = new SecretsDirectory(resolve(path), owner);
    await directory.ensure('.');
    for (const { name } of await directory.subdirectories()) await directory.refuseOpen(name);
    return directory;
  }

  async ensure(name: string): Promise<void> {
    const path = join(this.path, name);
    await mkdir(path, { recursive: true, mode: 0o700 });
    if ((await lstat(path)).mode & 0o022) throw new Error(`${path} can be changed by others: chmod 700 it.`);
    await this.give(path);
  }

  /** Null: there is none. */
  async read(name: string): Promise<string | null> {
    try {
      return (await readFile(join(this.path, name), 'utf8')).trim();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** Replaces what is there in one step. */
  async write(name: string, text: string): Promise<void> {
    const path = join(this.path, name);
    const draft = `${path}.new`; // one that was left by a run that was killed is written over
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(`${text.trimEnd()}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.give(draft);
    await rename(draft, path);
    await syncDirectory(join(path, '..'));
  }

  /** Whatever an earlier run made as another user becomes this owner's. */
  async give(path: string): Promise<void> {
    if (this.owner) await chown(path, this.owner.uid, this.owner.gid);
  }

  async giveAll(): Promise<void> {
    if (!this.owner) return;
    for (const { name } of await this.subdirectories()) {
      await this.give(join(this.path, name));
      for (const file of await readdir(join(this.path, name))) await this.give(join(this.path, name, file));
    }
  }

  private async subdirectories() {
    return (await readdir(this.path, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  }

  private async refuseOpen(name: string): Promise<void> {
    const path = join(this.path, name);
    await access(path, constants.R_OK | constants.X_OK);
    if ((await lstat(path)).mode & 0o077) throw new Error(`${path} is open to others: chmod 700 it.`);
    for (const file of await readdir(path)) {
      const found = await lstat(join(path, file));
      if (!found.isFile()) throw new Error(`${join(path, file)} is no ordinary file: remove it.`);
      if (found.mode & 0o077)
        throw new Error(`${join(path, file)} can be read by others: chmod 600 it, and change what it holds.`);
    }
  }
}

/** The new name itself must outlive a loss of power. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().finally(() => directory.close());
}
