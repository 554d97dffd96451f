import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The sources as they are: types go, `./x.js` is found as `./x.ts`. */
const LOADER = `
  import { registerHooks } from 'node:module';
  const ours = (name, parent = '') => parent.endsWith('.ts') && /^\\.{1,2}\\/.*\\.js$/.test(name);
  registerHooks({
    resolve: (name, context, next) =>
      next(ours(name, context.parentURL) ? name.slice(0, -3) + '.ts' : name, context),
  });`;

/**
 * One GET through `Egress` in a process of its own, because Node reads some variables of its environment by itself,
 * and a test runner shows specs a copy. Gives back the body, or the reason of the failure.
 */
export function getInChild(
  options: { allow: string[]; proxy?: { url: string } },
  url: string,
  environment: Record<string, string>,
): Promise<string> {
  const script = `
    import { Egress } from ${JSON.stringify(join(import.meta.dirname, '../src/egress.ts'))};
    const egress = new Egress(${JSON.stringify(options)});
    const answer = egress.request({ method: 'GET', url: ${JSON.stringify(url)}, timeoutMs: 30_000 });
    console.log(await answer.then(({ body }) => String(body), ({ reason }) => reason));`;
  const flags = ['--experimental-transform-types', '--no-warnings', '--conditions=@strongroom/source'];
  const loader = `data:text/javascript,${encodeURIComponent(LOADER)}`;
  const child = spawn(
    process.execPath,
    [...flags, '--import', loader, '--input-type=module-typescript', '-e', script],
    {
      cwd: join(import.meta.dirname, '..'),
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  return new Promise((done) => child.once('close', () => done(said.trim())));
}
