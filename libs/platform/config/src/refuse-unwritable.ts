import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StartRefusedError } from './start-refused.error.js';

/**
 * Makes the directory if it is not there, and writes into it once: a place for what must not be lost is found out to be
 * none at the start, and not when it is needed.
 *
 * @throws StartRefusedError
 */
export function refuseUnwritable(setting: string, directory: string): void {
  const probe = join(directory, `.probe-${process.pid}`);
  try {
    make(resolve(directory), 0o700);
    writeFileSync(probe, '', { mode: 0o600, flush: true });
    rmSync(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartRefusedError(
      setting,
      `the directory cannot be written (${code ?? 'unknown error'}); give its owner one`,
    );
  }
}

/** Step by step: where nothing can be made and nobody says so, as in /proc, Node's own `recursive` never ends. */
function make(directory: string, mode?: number): void {
  if (existsSync(directory)) return;
  make(dirname(directory)); // as anybody makes them: whoever runs Postgres for root must come through
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was first
  }
}
