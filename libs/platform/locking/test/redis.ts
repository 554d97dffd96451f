import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '@strongroom/observability';
import { RedisConnection } from '../src/redis-connection.js';

/** Longer than a busy machine stands still: a healthy Redis is never called away here. */
const PATIENCE_MS = 5_000;

/** A connection whose log lines a test can read. */
export class LoggedConnection extends RedisConnection {
  readonly lines: string[];

  constructor(url: string, commandTimeoutMs = PATIENCE_MS) {
    const lines: string[] = [];
    const to = new Writable({
      write: (line: Buffer, _encoding, done) => {
        lines.push(line.toString());
        done();
      },
    });
    super(url, createLogger('debug', to), commandTimeoutMs);
    this.lines = lines;
  }

  said(what: string): number {
    return this.lines.filter((line) => line.includes(what)).length;
  }
}

/** Waits for as long as the test may run. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10);
}

export class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((open) => (this.open = open));
}

/** How long a command waits behind a `Swallower`. */
export const SWALLOWED_MS = 2_000;

/** Stands before a Redis and can keep for itself what it is sent: a network that swallows. */
export class Swallower {
  private readonly pairs = new Set<[Socket, Socket]>();
  private swallows = false;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly url: string,
  ) {}

  static async before(redisUrl: string): Promise<Swallower> {
    const { hostname, port } = new URL(redisUrl);
    const server = createServer((client) => swallower.pair(client, connect(Number(port), hostname)));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const swallower = new Swallower(server, `redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return swallower;
  }

  swallow(): void {
    this.swallows = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  /** What was kept goes on its way. */
  letThrough(): void {
    this.swallows = false;
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private pair(client: Socket, redis: Socket): void {
    const pair: [Socket, Socket] = [client, redis];
    this.pairs.add(pair);
    for (const [from, to] of [pair, [redis, client]] as const) {
      from.on('data', (chunk) => void to.write(chunk));
      from.on('end', () => to.end());
      from.on('error', () => to.destroy());
      from.on('close', () => this.pairs.delete(pair));
      if (this.swallows) from.pause();
    }
  }
}
