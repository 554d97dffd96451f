import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Child, ROOT } from '../driver/child.js';
import type { Installation } from '../driver/index.js';
import { untilReady } from '../driver/processes.js';

const DIRECTORY = join(ROOT, 'apps/nextjs-client');
const BUILT = join(DIRECTORY, 'dist/BUILD_ID');

/** What a command of Next needs in any case; it tells nobody about us. */
const next = (command: string, environment: Record<string, string>, parameters: string[] = []) =>
  new Child(
    process.execPath,
    { NEXT_TELEMETRY_DISABLED: '1', ...environment },
    { parameters: [join(ROOT, 'node_modules/next/dist/bin/next'), command, DIRECTORY, ...parameters] },
  );

/** As `next build` leaves it; both modes are served by one build, for it knows nothing of where it will run. */
export async function buildApplication(): Promise<void> {
  const sources = globSync(['package.json', '*.{js,mjs}', '{app,lib}/**/*.js'], { cwd: DIRECTORY });
  const changed = Math.max(...sources.map((file) => statSync(join(DIRECTORY, file)).mtimeMs));
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs > changed) return;
  const build = next('build', {});
  if ((await build.ended()) !== 0) throw new Error(`next build failed:\n${build.output}`);
}

/** `next start`, at an address of its own. */
export async function startApplication(
  { address: { caFile } }: Installation,
  address: string,
  environment: Record<string, string>,
): Promise<Child> {
  const { hostname, port } = new URL(address);
  const own = { APP_BASE_URL: address, ...(caFile ? { NODE_EXTRA_CA_CERTS: caFile } : {}), ...environment };
  const child = next('start', own, ['-H', hostname, '-p', port]);
  await untilReady(child, address, () => undefined);
  return child;
}
