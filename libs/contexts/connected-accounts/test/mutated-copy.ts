import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import type { Check } from './checks-of-the-flow.js';

const ROOT = join(import.meta.dirname, '../../../..');
const AS_THEY_ARE = ['package.json', 'jest.resolver.cjs', 'jest.setup.mjs'];
/** The other projects, and the order of all their files, need what is not in the copy. */
const CONFIG = `import { default as all } from './all.config.mjs';
const projects = all.projects.filter(({ displayName }) => ['unit', 'integration'].includes(displayName));
export default { ...all, projects, testSequencer: '@jest/test-sequencer' };
`;
const MUTATED = ['libs/contexts/connected-accounts', 'libs/contexts/tokensets', 'libs/platform/providers'];

export interface Outcome {
  passed: number;
  failed: number;
  /** Specs that did not even run. */
  broken: number;
}

/**
 * The sources concerned in a directory of their own, where one line may be changed. Specs there import their
 * neighbours by path and everything else from the tree, through a link to its packages.
 */
export class MutatedCopy {
  private databases = 0;
  private readonly directory = mkdtempSync(join(tmpdir(), 'strongroom-mutated-'));

  constructor(private readonly postgresUrl: string) {
    for (const file of AS_THEY_ARE) cpSync(join(ROOT, file), join(this.directory, file));
    cpSync(join(ROOT, 'jest.config.mjs'), join(this.directory, 'all.config.mjs'));
    writeFileSync(join(this.directory, 'jest.config.mjs'), CONFIG);
    for (const project of MUTATED)
      cpSync(join(ROOT, project), join(this.directory, project), {
        recursive: true,
        filter: (path) => !/\/(dist|node_modules)$/.test(path),
      });
    symlinkSync(join(ROOT, 'node_modules'), join(this.directory, 'node_modules'));
  }

  /** Runs the specs of `check` without it, until one is red, and puts it back. */
  async without(check: Check): Promise<Outcome> {
    const file = join(this.directory, check.file);
    const source = readFileSync(file, 'utf8');
    writeFileSync(file, withoutCheck(source, check));
    try {
      return await this.run(check.specs);
    } finally {
      writeFileSync(file, source);
    }
  }

  /** Those in the copy, as Jest counts them; nothing further once one is red. */
  async run(specs: readonly string[]): Promise<Outcome> {
    const sum = { passed: 0, failed: 0, broken: 0 };
    for (const spec of specs) {
      const { passed, failed, broken } = await this.onDatabaseOfItsOwn((url) => this.jest(spec, url));
      sum.passed += passed;
      sum.failed += failed;
      sum.broken += broken;
      if (failed + broken > 0) break;
    }
    return sum;
  }

  private async onDatabaseOfItsOwn<Result>(work: (url: string) => Promise<Result>): Promise<Result> {
    const name = `mutated_${(this.databases += 1)}`;
    const owner = await new DataSource({ type: 'postgres', url: this.postgresUrl }).initialize();
    const url = new URL(this.postgresUrl);
    url.pathname = `/${name}`;
    try {
      await owner.query(`CREATE DATABASE ${name}`);
      return await work(url.href).finally(() => owner.query(`DROP DATABASE ${name} WITH (FORCE)`));
    } finally {
      await owner.destroy();
    }
  }

  private async jest(spec: string, databaseUrl: string): Promise<Outcome> {
    const report = join(this.directory, 'report.json');
    rmSync(report, { force: true });
    const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
    // A check that is gone may leave something running.
    const wanted = [spec, '--runInBand', '--forceExit', '--json', `--outputFile=${report}`];
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const child = spawn(process.execPath, [...flags, jest, ...wanted], {
      cwd: this.directory,
      env: { ...process.env, STRONGROOM_TEST_POSTGRES_URL: databaseUrl },
      stdio: 'ignore',
    });
    await new Promise((ended) => child.once('exit', ended));
    const told = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
    return {
      passed: told['numPassedTests']!,
      failed: told['numFailedTests']!,
      broken: told['numRuntimeErrorTestSuites']!,
    };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** @throws if the check is not where the list says, so that the list cannot grow old unseen */
export function withoutCheck(source: string, { name, file, from, to, place }: Check): string {
  const parts = source.split(from);
  const found = parts.length - 1;
  if (place === undefined ? found !== 1 : found < place) throw new Error(`${name}: ${found} times in ${file}: ${from}`);
  const at = place ?? 1;
  return parts.slice(0, at).join(from) + to + parts.slice(at).join(from);
}

export const sourceOf = ({ file }: Check): string => readFileSync(join(ROOT, file), 'utf8');
