import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Account, Calls, Said, Told, VaultSettings } from './vault-protocol.js';

const CHILD = join(import.meta.dirname, 'vault-child.ts');
const BUILT = join(import.meta.dirname, '../../dist/tokensets.module.js');

/** A process of tokensets that a test asks, holds, pauses and kills. */
export class VaultProcess {
  private readonly waiting = new Map<number, { settle: (answer: never) => void; fail: (error: Error) => void }>();
  private readonly held = new Set<string>();
  private asked = 0;
  private said = '';
  private wake: () => void = () => undefined;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (said: Said) => this.hear(said));
    child.on('exit', () => this.end());
    child.stderr!.on('data', (chunk: Buffer) => (this.said = (this.said + String(chunk)).slice(-8_000)));
  }

  static async start(settings: VaultSettings): Promise<VaultProcess> {
    if (!existsSync(BUILT)) throw new Error(`${BUILT} is not there: run "npm run build" first`);
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CHILD], {
      stdio: ['ignore', process.env['STRONGROOM_TEST_LOG'] ? 'inherit' : 'ignore', 'pipe', 'ipc'],
      env: { PATH: process.env['PATH'], STRONGROOM_TEST_LOG: process.env['STRONGROOM_TEST_LOG'] },
    });
    const vault = new VaultProcess(child);
    const up = new Promise<void>((settle, fail) => vault.waiting.set(0, { settle: settle, fail }));
    child.send(settings);
    await up;
    return vault;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  ask<K extends keyof Calls>(call: K, asks: Calls[K]['asks']): Promise<Calls[K]['answer']> {
    const id = ++this.asked;
    return new Promise<Calls[K]['answer']>((settle, fail) => {
      if (this.hasEnded) return fail(new ProcessEndedError(this.said));
      this.waiting.set(id, { settle: settle, fail });
      // Of one that is just being killed nobody knows yet that it has ended.
      this.child.send({ id, call, asks }, (error) => error && fail(error));
    });
  }

  /** What so many callers of each account are told; the answers of one account stand together. */
  tokens(accounts: readonly Account[], callers = 1, scopes: string[] | null = null): Promise<Told[]> {
    const of = accounts.map(({ personId, connectionId }) => ({ personId, connectionId, scopes }));
    return this.ask('tokens', { accounts: of, callers });
  }

  /** Until so many refreshes stand at their points. */
  async untilHeld(count: number): Promise<void> {
    while (this.held.size < count) {
      if (this.hasEnded) throw new ProcessEndedError(this.said);
      await new Promise<void>((settle) => (this.wake = settle));
    }
  }

  async kill(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  pause(): void {
    this.child.kill('SIGSTOP');
  }

  goOn(): void {
    this.child.kill('SIGCONT');
  }

  /** In order: nothing of it is left open. */
  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.child, 'exit');
    await this.ask('close', null);
    await ended;
  }

  private hear(said: Said): void {
    if (said.said === 'held') {
      this.held.add(said.tokensetId);
      this.wake();
      return;
    }
    const id = said.said === 'up' ? 0 : said.id;
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (said.said === 'failed') waiting?.fail(new Error(said.error));
    else waiting?.settle((said.said === 'up' ? undefined : said.answer) as never);
  }

  private end(): void {
    for (const { fail } of this.waiting.values()) fail(new ProcessEndedError(this.said));
    this.waiting.clear();
    this.wake();
  }
}

/** Killed, or by itself: then it has said why. */
export class ProcessEndedError extends Error {
  constructor(said: string) {
    super(`the process has ended${said ? `:\n${said}` : ''}`);
  }
}
