import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSION = '4.32.5';
/** It makes the requests up: with another one the same seed says something else. */
const HYPOTHESIS = '6.170.17';

/** Schemathesis in a place of its own under the user's cache; made at the first run. */
export function schemathesis() {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'strongroom');
  const place = join(cache, `schemathesis-${VERSION}`);
  const program = join(place, 'bin/st');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  try {
    execFileSync('python3', ['-m', 'venv', place], { stdio: 'inherit' });
    execFileSync(
      join(place, 'bin/pip'),
      ['install', '--quiet', `schemathesis==${VERSION}`, `hypothesis==${HYPOTHESIS}`],
      { stdio: 'inherit' },
    );
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    throw new Error('npm run fuzz needs python3 >= 3.10 with venv (Debian: python3-venv) and PyPI.', { cause: error });
  }
  return program;
}

/** Runs it to its end; the exit code. */
export const run = (program, parameters, cwd) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      cwd,
      stdio: 'inherit',
      env: { ...process.env, SCHEMATHESIS_REPORT: 'false' },
    });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
