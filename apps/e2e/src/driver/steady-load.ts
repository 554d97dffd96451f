import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scene } from './scene.js';

export interface Refused {
  status: number;
  retryAfter: string | undefined;
  text: string;
}

/** Callers who exchange one after the other, for as long as the test wants, and what they were told. */
export class SteadyLoad {
  /** Tokens that were handed out, by their thumbprint, and how often. */
  readonly issued = new Map<string, number>();
  readonly refused: Refused[] = [];
  private running = true;
  private readonly callers: Promise<void>[];

  constructor(scenes: readonly Scene[], callersEach = 2) {
    this.callers = scenes.flatMap((scene) => Array.from({ length: callersEach }, () => this.call(scene)));
  }

  get total(): number {
    return [...this.issued.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Returns once `more` further tokens were handed out. */
  async afterIssued(more: number): Promise<void> {
    const wanted = this.total + more;
    while (this.total < wanted) await sleep(20);
  }

  async stop(): Promise<void> {
    this.running = false;
    await Promise.all(this.callers);
  }

  private async call(scene: Scene): Promise<void> {
    while (this.running) {
      const { status, headers, json, text } = await scene.exchange();
      if (status === 200) {
        const print = createHash('sha256').update(String(json['access_token'])).digest('base64url');
        this.issued.set(print, (this.issued.get(print) ?? 0) + 1);
      } else {
        this.refused.push({ status, retryAfter: headers['retry-after'], text });
        await sleep(50); // a caller who is told to come back does not hammer
      }
    }
  }
}
