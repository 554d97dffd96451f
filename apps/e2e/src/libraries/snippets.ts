import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Installation, Json } from '../driver/index.js';
import { ROOT } from '../driver/child.js';

/** Blocks of docs/libraries.md, by the file that each says it is; a test sees that the page has no other. */
export const SNIPPETS = ['vercel.cjs', 'langchain.cjs', 'api.mjs', 'spa.js'] as const;
export type SnippetName = (typeof SNIPPETS)[number];

/** Those that are files of `apps/nextjs-client`, where they run. */
export const NEXT_FILES = [
  'lib/auth0.js',
  'middleware.js',
  'app/provider/route.js',
  'app/page.js',
  'app/disconnect/route.js',
] as const;

export function snippets(): Map<string, string> {
  const page = readFileSync(join(ROOT, 'docs/libraries.md'), 'utf8');
  const blocks = [...page.matchAll(/```js\n(\/\/ (.+)\n[^]*?)```/g)];
  return new Map(blocks.map(([, code, name]) => [name!, code!]));
}

export function snippet(name: SnippetName): string {
  const code = snippets().get(name);
  if (code === undefined) throw new Error(`docs/libraries.md has no ${name}`);
  return code;
}

/**
 * What one file of the page prints, in a Node of its own as a reader runs it; `directory` is the package that has what it
 * imports.
 */
export async function run(
  { domain, address: { caFile } }: Installation,
  name: SnippetName,
  environment: Record<string, string>,
  { directory = '.' } = {},
): Promise<Json> {
  const child = spawn(process.execPath, [`--input-type=${name.endsWith('.cjs') ? 'commonjs' : 'module'}`], {
    cwd: join(ROOT, directory),
    env: { AUTH0_DOMAIN: domain, ...(caFile ? { NODE_EXTRA_CA_CERTS: caFile } : {}), ...environment },
  });
  child.stdin.end(snippet(name));
  const [said, complaints] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode) throw new Error(`${name} ended with ${child.exitCode}: ${complaints}`);
  return JSON.parse(said) as Json;
}
