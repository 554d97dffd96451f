import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The same adapter with one primary-key select behind it: what this machine could do at most. */
export async function startFloor(): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'floor.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = /^floor (\d+)/.exec(line.toString())?.[1];
  return {
    url: `http://127.0.0.1:${port}/floor`,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
