import { createServer, type Server } from 'node:net';

/** Below what the kernel gives to whoever asks for any port, so that no connection of anybody's sits there. */
const FIRST = 10_000;
const EACH = 2_000;
const WORKERS = 10;

/**
 * Each process of a Jest run has ports of its own: what is free now stays free until the program that shall have it
 * listens there, and while that program is being started again. From a place of chance, for a run beside this one.
 */
const first = FIRST + (Number(process.env['JEST_WORKER_ID'] ?? 0) % WORKERS) * EACH;
let next = Math.floor(Math.random() * EACH);

export async function freePort(): Promise<number> {
  for (let tried = 0; tried < EACH; tried++) {
    const port = first + (next++ % EACH);
    if (await isFree(port)) return port;
  }
  throw new Error(`No port from ${first} to ${first + EACH - 1} is free.`);
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((done) => {
    const probe: Server = createServer()
      .once('error', () => done(false))
      .listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
