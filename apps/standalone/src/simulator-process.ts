import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface SimulatorProcess {
  /** Sign-in pages and controls are under this address. */
  origin: string;
  /** Entries for the catalogue that have every provider there. */
  providersFile: string;
  /** Settles when it ends, wanted or not. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

interface SimulatorOptions {
  port: number;
  /** Where it writes the entries. */
  providersFile: string;
  main?: string;
}

const MAIN = fileURLToPath(new URL('../../simulator/dist/main.js', import.meta.url));
const SAID_AT_MOST = 2000;

/**
 * The provider simulator beside this server. A process of its own, because it is an app of its own; it ends with this
 * one, however that ends: what it listens to is a channel that closes by itself.
 */
export async function startSimulatorProcess({
  port,
  providersFile,
  main = MAIN,
}: SimulatorOptions): Promise<SimulatorProcess> {
  if (!existsSync(main))
    throw new Error(
      `STRONGROOM_SIMULATOR=on needs the simulator, and ${main} is not there: run "npm run build" first.`,
    );
  const child = fork(main, [], {
    env: { STRONGROOM_SIMULATOR_PORT: String(port), STRONGROOM_SIMULATOR_OUT: providersFile },
    execArgv: ['--enable-source-maps'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Ctrl-C reaches a whole group at once; this one must outlive what still speaks to it.
    detached: true,
  });
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  const { origin } = await told(child, port);
  return {
    origin,
    providersFile,
    ended,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** What it says once it listens. @throws Error with what it said if it ended before. */
async function told(child: ChildProcess, port: number): Promise<{ origin: string }> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString('utf8')).slice(-SAID_AT_MOST)));
  const [message] = (await Promise.race([once(child, 'message'), once(child, 'close').then(() => [null])])) as [
    unknown,
  ];
  if (message !== null) return message as { origin: string };
  const remedy = said.includes('EADDRINUSE') ? ` Set STRONGROOM_SIMULATOR_PORT to another port than ${port}.` : '';
  throw new Error(`The provider simulator did not start: ${said.trim()}.${remedy}`);
}
