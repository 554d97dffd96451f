import { closeSync, fsyncSync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs';

/** Writes a file that is not there yet, whole or not at all. One that is there stays as it is. */
export function writeFileOnce(path: string, content: string): void {
  const begun = `${path}.${content}.tmp`;
  const file = openSync(begun, 'w', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(begun, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(begun);
  }
}
