import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../..');

/** A process of ours, from a built app. Keeps what it says. */
export class Child {
  output = '';
  private readonly process: ChildProcess;

  constructor(app: 'standalone' | 'simulator', environment: Record<string, string>) {
    const main = join(ROOT, 'apps', app, 'dist/main.js');
    if (!existsSync(main)) throw new Error(`apps/${app}/dist/main.js is not there: run "npm run build" first.`);
    this.process = spawn(process.execPath, ['--enable-source-maps', main], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Sends the signal and waits for the end; the exit code, or null after a kill. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (!this.hasEnded) {
      const exit = once(this.process, 'exit');
      this.process.kill(signal);
      await exit;
    }
    return this.process.exitCode;
  }
}

export const freePort = () =>
  new Promise<number>((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
