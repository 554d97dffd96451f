import { setTimeout as sleep } from 'node:timers/promises';
import type { Account, Told } from './vault-protocol.js';
import type { VaultProcess } from './vault-process.js';

const EVERY_MS = 100;
/** Rounds that a process may be behind: one that is gets no more for the moment, as from a balancer. */
const BEHIND = 10;

/** Calls for access tokens all the time, spread over whichever processes are up. */
export class SteadyCalls {
  calls = 0;
  readonly failed: Told[] = [];
  private readonly processes = new Set<VaultProcess>();
  private readonly open = new Map<VaultProcess, Set<Promise<void>>>();
  private isOver = false;
  private next = 0;
  private readonly running: Promise<void>;

  constructor(
    private readonly accounts: readonly Account[],
    private readonly perSecond: number,
    processes: readonly VaultProcess[],
  ) {
    for (const process of processes) this.add(process);
    this.running = this.run();
  }

  add(process: VaultProcess): void {
    this.processes.add(process);
    this.open.set(process, new Set());
  }

  /** Sends it no more, as a balancer would, and waits for what it is still at. */
  async drop(process: VaultProcess): Promise<void> {
    this.processes.delete(process);
    await Promise.all(this.open.get(process)!);
  }

  /** Waits until so many have been answered. */
  async made(count: number): Promise<void> {
    while (this.calls < count) await sleep(EVERY_MS);
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.running;
    await Promise.all([...this.processes].map((process) => this.drop(process)));
  }

  private async run(): Promise<void> {
    for (let due = performance.now(); !this.isOver; due += EVERY_MS) {
      const share = Math.round((this.perSecond * EVERY_MS) / 1000 / this.processes.size);
      for (const process of this.processes) if (this.open.get(process)!.size < BEHIND) this.call(process, share);
      await sleep(Math.max(0, due + EVERY_MS - performance.now()));
    }
  }

  private call(process: VaultProcess, count: number): void {
    const of = Array.from({ length: count }, () => this.accounts[this.next++ % this.accounts.length]!);
    const calls = process.tokens(of).then((told) => {
      this.calls += told.length;
      this.failed.push(...told.filter((one) => !('serial' in one)));
      this.open.get(process)!.delete(calls);
    });
    this.open.get(process)!.add(calls);
  }
}
