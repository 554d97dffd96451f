import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Needle } from './needles.js';

export interface Hit {
  where: string;
  form: string;
  secret: number;
}

/** Looks for many needles in one pass: a table over the first three bytes says where it is worth comparing. */
export class Search {
  private readonly starts = new Uint8Array(1 << 24);
  private readonly byStart = new Map<number, Needle[]>();

  constructor(needles: readonly Needle[]) {
    for (const needle of needles) {
      const start = startOf(needle.bytes, 0);
      this.starts[start] = 1;
      this.byStart.set(start, [...(this.byStart.get(start) ?? []), needle]);
    }
  }

  in(where: string, bytes: Buffer): Hit[] {
    const found = new Map<string, Hit>();
    for (let i = 0; i + 2 < bytes.length; i++) {
      const start = startOf(bytes, i);
      if (this.starts[start] === 0) continue;
      for (const { bytes: wanted, form, secret } of this.byStart.get(start)!)
        if (bytes.subarray(i, i + wanted.length).equals(wanted))
          found.set(`${secret} ${form}`, { where, form, secret });
    }
    return [...found.values()];
  }

  /** Every file under the directory, and how many bytes were read. */
  under(directory: string): { hits: Hit[]; bytes: number } {
    let read = 0;
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const hits = files.flatMap(({ parentPath, name }) => {
      const path = join(parentPath, name);
      const bytes = readFileSync(path);
      read += bytes.length;
      return this.in(relative(directory, path), bytes);
    });
    return { hits, bytes: read };
  }
}

const startOf = (bytes: Buffer, at: number): number =>
  (bytes[at]! << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
