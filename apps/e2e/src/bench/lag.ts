import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '../driver/index.js';

export interface Lag {
  /** Events that nobody had taken out of the outbox when the load ended. */
  waiting: number;
  /** From then until the ledger had all. */
  seconds: number;
}

/** How far the ledger is behind; waits until it is not. */
export async function lagOf(server: Server): Promise<Lag> {
  const client = await server.database();
  const ended = performance.now();
  const look = async () => {
    const { rows } = await client.query<{ waiting: number; last: string }>(
      `SELECT (SELECT count(*)::int FROM exchange.outbox) AS waiting, (SELECT max(n) FROM audit.ledger) AS last`,
    );
    return rows[0]!;
  };
  try {
    const first = await look();
    let seen = first;
    let changed = performance.now();
    while (seen.waiting > 0 || performance.now() - changed < 1_500) {
      await sleep(50);
      const now = await look();
      if (now.last !== seen.last || now.waiting !== seen.waiting) changed = performance.now();
      seen = now;
    }
    return { waiting: first.waiting, seconds: Number(((changed - ended) / 1000).toFixed(1)) };
  } finally {
    await client.end();
  }
}
