import { readdirSync, readFileSync } from 'node:fs';

/**
 * Processor seconds of all that this process has started, and what that has started, by the name of the program or the
 * one that is given for its id. Linux only: nothing elsewhere.
 */
export function processorSeconds(names: ReadonlyMap<number, string> = new Map()): Map<string, number> {
  const found = new Map(processes().flatMap((pid) => ofProcess(pid) ?? []));
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === process.pid || isOurs(found.get(pid)?.parent));
  const sums = new Map<string, number>();
  for (const [pid, { program, seconds }] of found) {
    if (pid === process.pid || !isOurs(pid)) continue;
    const name = names.get(pid) ?? program;
    sums.set(name, (sums.get(name) ?? 0) + seconds);
  }
  return sums;
}

/** What each has used between the two, in microseconds for one of `count`. */
export const microsecondsEach = (
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  count: number,
): Record<string, number> =>
  Object.fromEntries(
    [...after].map(([name, seconds]) => [name, Math.round(((seconds - (before.get(name) ?? 0)) * 1e6) / count)]),
  );

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function ofProcess(pid: number): [number, { parent: number; program: string; seconds: number }][] | undefined {
  try {
    const [, name, rest] = /\((.*)\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))!;
    const fields = rest!.split(' ');
    const seconds = (Number(fields[11]) + Number(fields[12])) / 100;
    const program = name === 'MainThread' ? 'node' : name!;
    return [[pid, { parent: Number(fields[1]), program, seconds }]];
  } catch {
    return undefined; // it has ended in between
  }
}
