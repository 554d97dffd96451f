import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyRing } from '@strongroom/crypto';
import { z } from 'zod';
import { Spill } from './refresh.types.js';
import { decodeSpill, encodeSpill, idOf, type Spilled } from './spill-file.js';
import { writeFileOnce } from './write-file-once.js';

const UNREADABLE = 'unreadable';
const NODE = 'node';
const WHOLE = '.json';
const BEGUN = '.tmp';

export interface SpillReports {
  /** It is one file less than there should be; the directory keeps it aside. */
  unreadable(error: unknown, file: string): void;
  failed(error: unknown, what: string): void;
}

/**
 * New tokens, sealed, on this process's own disk. The directory also says who this process is, so that a volume
 * that moves takes the process's name with it; the claim on that name keeps a second process out.
 */
export class SpillDirectory extends Spill {
  override readonly node: string;
  /** Files of what is under way in this process. */
  private readonly own = new Set<string>();

  /** Only for this user, made if it is not there. */
  constructor(
    private readonly path: string,
    /** Asked late: at its very first start a sealed process has no installation yet. */
    private readonly ring: Pick<KeyRing, 'installationId'>,
    private readonly reports: SpillReports,
    named: string | null = null,
  ) {
    super();
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.node = nodeOf(path, named);
  }

  override async write(spilled: Spilled): Promise<void> {
    const id = idOf(spilled);
    this.own.add(id);
    const begun = join(this.path, id + BEGUN);
    const file = await open(begun, 'wx', 0o600);
    try {
      await file.writeFile(encodeSpill(this.ring.installationId, spilled));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(begun, join(this.path, id + WHOLE));
    await this.sync();
  }

  override async remove(id: string): Promise<void> {
    for (const end of [WHOLE, BEGUN])
      await unlink(join(this.path, id + end)).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') this.reports.failed(error, 'spill file not removed');
      });
    this.own.delete(id);
  }

  override release(id: string): void {
    this.own.delete(id);
  }

  override async leftovers(): Promise<Spilled[]> {
    const found: Spilled[] = [];
    for (const name of await readdir(this.path)) {
      const id = name.endsWith(WHOLE) ? name.slice(0, -WHOLE.length) : name.slice(0, -BEGUN.length);
      if (!(name.endsWith(WHOLE) || name.endsWith(BEGUN)) || this.own.has(id)) continue;
      const spilled = await this.read(name);
      if (spilled) found.push(spilled);
    }
    return found.sort((one, other) => baseOf(one) - baseOf(other));
  }

  override async setAside(id: string, why: unknown): Promise<void> {
    await this.moveAside(id + WHOLE, why);
  }

  /** Of another installation it is left where it lies: its database may be back tomorrow. */
  private async read(name: string): Promise<Spilled | undefined> {
    const { installationId } = this.ring;
    try {
      const { installation, spilled } = decodeSpill(await readFile(join(this.path, name), 'utf8'));
      return installation === installationId ? spilled : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') await this.moveAside(name, error);
      return undefined;
    }
  }

  private async moveAside(name: string, why: unknown): Promise<void> {
    try {
      await mkdir(join(this.path, UNREADABLE), { recursive: true, mode: 0o700 });
      await rename(join(this.path, name), join(this.path, UNREADABLE, name));
      await this.sync();
      this.reports.unreadable(why, name);
    } catch (error) {
      this.reports.failed(error, 'spill file neither read nor put aside');
    }
  }

  /** A rename is durable once the directory is. */
  private async sync(): Promise<void> {
    const directory = await open(this.path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

/** A code replaces nothing. */
const baseOf = (spilled: Spilled): number => ('attempt' in spilled ? spilled.attempt.base : 0);

/** The name that the directory gives to whoever runs on it. */
function nodeOf(path: string, named: string | null): string {
  const file = join(path, NODE);
  writeFileOnce(file, named ?? randomUUID());
  const node = z.uuid().safeParse(readFileSync(file, 'utf8').trim());
  if (!node.success) throw new Error(`${file} holds no UUID: put the one back that it had, or remove it.`);
  if (named !== null && named !== node.data)
    throw new Error(`${file} names node ${node.data} and STRONGROOM_NODE_ID another: remove one of the two.`);
  return node.data;
}
