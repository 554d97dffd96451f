import { existsSync, statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';

const MEMORY = '/dev/shm';
const ENOUGH_BYTES = 2 ** 31;

/**
 * A directory for what a test throws away: in memory where there is plenty, for a database is a thousand files, and
 * making them on a disk takes longer than most suites. Never under a directory that only we may enter: as root, Postgres
 * runs as somebody else.
 */
export const quickDirectory = (name: string): Promise<string> =>
  mkdtemp(`${hasRoom(MEMORY) ? MEMORY : '/var/tmp'}/strongroom-${name}-`);

function hasRoom(directory: string): boolean {
  if (!existsSync(directory)) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize > ENOUGH_BYTES;
}
