import { open, readFile, rename } from 'node:fs/promises';
import { type ShreddedKey, shreddedKey } from '@strongroom/tokensets';

/** A line of JSON per key. Holds ids and times: nothing that opens anything, and nothing about a person. */
export async function writeShredded(path: string, keys: readonly ShreddedKey[]): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  await file.writeFile(keys.map((key) => `${JSON.stringify(key)}\n`).join(''));
  await file.sync();
  await file.close();
  await rename(draft, path);
}

/** @throws Error that names the line. Half a list would bring back what the other half says. */
export async function readShredded(path: string): Promise<ShreddedKey[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, index) => {
    const read = shreddedKey.safeParse(parsed(line));
    if (!read.success)
      throw new Error(
        `${path}: line ${index + 1} is no entry of a list that "strongroom restore export-shredded" wrote`,
      );
    return read.data;
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
