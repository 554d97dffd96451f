import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulatorProcess } from './simulator-process.js';

/** Against the built simulator: `npm test` has built it. */
const MAIN = join(import.meta.dirname, '../../simulator/dist/main.js');

describe('the simulator beside the standalone server', () => {
  let directory: string;
  beforeAll(async () => (directory = await mkdtemp(join(tmpdir(), 'simulated-'))));
  afterAll(() => rm(directory, { recursive: true }));
  const start = (port = 0, main = MAIN) =>
    startSimulatorProcess({ port, providersFile: join(directory, 'providers.json'), main });
  const isThere = (origin: string) =>
    fetch(`${origin}/_providers.json`).then(
      ({ ok }) => ok,
      () => false,
    );

  it('is there when it says so, with entries that point at it, and goes when told', async () => {
    const simulator = await start();
    const file = JSON.parse(await readFile(simulator.providersFile, 'utf8')) as { providers: Record<string, object> };
    expect(await (await fetch(`${simulator.origin}/_providers.json`)).json()).toEqual(file);
    expect(JSON.stringify(Object.values(file.providers)[0])).toContain(simulator.origin);
    await simulator.stop();
    expect(await isThere(simulator.origin)).toBe(false);
    await simulator.ended;
  });

  it('says which setting helps where its port is taken', async () => {
    const first = await start();
    const port = Number(new URL(first.origin).port);
    await expect(start(port)).rejects.toThrow(/STRONGROOM_SIMULATOR_PORT/);
    await first.stop();
  });

  it('says what to do where it is not built', async () => {
    await expect(start(0, join(directory, 'nothing.js'))).rejects.toThrow(/npm run build/);
  });

  it('ends with a server that is killed', async () => {
    const parent = join(directory, 'parent.mjs');
    // The channel is what counts, so a parent of one line does as the server does.
    await writeFile(
      parent,
      `import { fork } from 'node:child_process';
       const child = fork(${JSON.stringify(MAIN)}, [], { env: { STRONGROOM_SIMULATOR_PORT: '0' }, detached: true });
       child.once('message', (message) => process.send(message));`,
    );
    const child = fork(parent, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], execArgv: [] });
    const [{ origin }] = (await once(child, 'message')) as [{ origin: string }];
    expect(await isThere(origin)).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    while (await isThere(origin)) await new Promise((again) => setTimeout(again, 20));
  });
});
