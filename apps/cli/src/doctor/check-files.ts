import { stat } from 'node:fs/promises';
import { check, type Finding, skipped } from './finding.js';

/** Of who else than owner and group may read a secret, and who else than the owner may write it: nobody. */
const OPEN = 0o027;
const READABLE_BY_OTHERS = 0o004;

export async function checkFiles(files: readonly string[]): Promise<Finding> {
  if (files.length === 0) return skipped('secret files', 'none are named');
  return check('secret files', async () => {
    const open: string[] = [];
    for (const file of files) {
      const mode = (await stat(file)).mode & OPEN;
      if (mode & READABLE_BY_OTHERS)
        open.push(`${file} can be read by everybody: chmod 600 it, and change what it holds`);
      else if (mode & 0o022) open.push(`${file} can be changed by others: chmod 600 it`);
    }
    if (open.length > 0) throw new Error(open.join('; '));
    return `${files.length}, closed to others`;
  });
}
