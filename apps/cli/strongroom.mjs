#!/usr/bin/env node
// `npx strongroom`. A file of the repository and not of the build: npm links a command only to what is there at install.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const main = join(import.meta.dirname, 'dist/main.js');
if (!existsSync(main)) {
  console.error('strongroom is not built: run "npm run build" first.');
  process.exit(1);
}
// tools/run.mjs finds the Node that Strongroom needs; a container has that one and no tools.
const run = join(import.meta.dirname, '../../tools/run.mjs');
const flags = ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', main, ...process.argv.slice(2)];
const parameters = existsSync(run) ? [run, 'node', ...flags] : flags;
const { status, error } = spawnSync(process.execPath, parameters, { stdio: 'inherit' });
if (error) console.error(error.message);
process.exit(status ?? 1);
