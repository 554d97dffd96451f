import { statSync } from 'node:fs';
import type { z } from 'zod';
import { configFiles } from './config-files.js';

const READABLE_BY_OTHERS = 0o004;
/** Made to be shown to everybody. */
const PUBLIC = /_(CERT|CA|SERVICE_KEYS)_FILE$/;

/** Variables that name a file with a secret which everybody on this machine can read. */
export const openFiles = (schema: z.ZodObject, env: NodeJS.ProcessEnv = process.env): string[] =>
  [...configFiles(schema, env)]
    .filter(([name, file]) => !PUBLIC.test(name) && isReadableByOthers(file))
    .map(([name]) => name);

function isReadableByOthers(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  return found !== undefined && (found.mode & READABLE_BY_OTHERS) !== 0;
}
