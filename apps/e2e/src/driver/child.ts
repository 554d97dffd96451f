import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../../..');

export interface ChildOptions {
  parameters?: readonly string[];
  /** As a shell starts a program in the foreground, so that `interrupt` can do what Ctrl-C does. */
  ownGroup?: boolean;
}

/** A process of ours, or one that we need beside. Keeps what it says. */
export class Child {
  output = '';
  private readonly process: ChildProcess;
  /** It has ended, and all that it said has come: its last words may arrive after its end. */
  private readonly closed: Promise<void>;

  constructor(
    program: string,
    environment: Record<string, string>,
    { parameters = [], ownGroup = false }: ChildOptions = {},
  ) {
    this.process = spawn(program, parameters, {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: ownGroup,
    });
    this.process.on('error', (error) => (this.output += `${error.message}\n`));
    this.closed = new Promise((done) => this.process.once('close', () => done()));
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
  }

  /** A built app. */
  static app(app: string, environment: Record<string, string>, options: ChildOptions = {}): Child {
    const main = join(ROOT, 'apps', app, 'dist/main.js');
    if (!existsSync(main)) throw new Error(`apps/${app}/dist/main.js is not there: run "npm run build" first.`);
    const parameters = ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning', main];
    return new Child(process.execPath, environment, {
      ...options,
      parameters: [...parameters, ...(options.parameters ?? [])],
    });
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  get hasEnded(): boolean {
    return this.pid === undefined || this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** The exit code, once it has ended by itself; null after a signal. */
  async ended(): Promise<number | null> {
    await this.closed;
    return this.process.exitCode;
  }

  /** Ctrl-C: the signal goes to every process of the group. */
  async interrupt(): Promise<number | null> {
    process.kill(-this.process.pid!, 'SIGINT');
    return this.ended();
  }

  /** Sends the signal and waits for the end; the exit code, or null after a kill. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (!this.hasEnded) this.process.kill(signal);
    return this.ended();
  }
}
