import type { Server } from '../driver/index.js';
import { load } from './load.js';

const LOOK_EVERY_MS = 5_000;
/** Of the time, at its beginning: caches fill and the heap finds its size. */
const WARMING = 0.1;

interface Sample {
  minutes: number;
  mebibytes: number;
}

/** What an hour of steady load leaves behind (`spec/threats.md`, the figure of row 40). */
export interface Soak {
  minutes: number;
  perSecond: number;
  refused: number;
  /** Of the processes of the server, without Postgres: after warming up, at the end, and how fast it grew between. */
  mebibytes: { first: number; last: number; perMinute: number };
  /** From when something happened until the ledger had it, in seconds. */
  eventLag: { p50: number; p99: number };
  /** Lines in which the server said that nobody had handled a rejection. */
  unhandled: number;
}

export async function soak(
  server: Server,
  { url, forms }: { url: string; forms: string[] },
  { minutes, perSecond }: { minutes: number; perSecond: number },
): Promise<Soak> {
  const database = await server.database();
  try {
    const { rows: before } = await database.query<{ n: string }>('SELECT coalesce(max(n), 0) AS n FROM audit.ledger');
    const samples: Sample[] = [];
    const from = performance.now();
    const looking = setInterval(() => {
      const mebibytes = Object.values(server.residentMebibytes()).reduce((sum, one) => sum + one, 0);
      samples.push({ minutes: (performance.now() - from) / 60_000, mebibytes });
    }, LOOK_EVERY_MS);
    const found = await load(url, forms, { connections: 10, seconds: minutes * 60, perSecond });
    clearInterval(looking);
    const { rows: lag } = await database.query<{ p50: number; p99: number }>(
      `SELECT p[1] AS p50, p[2] AS p99 FROM (
         SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM recorded_at - occurred_at)) AS p
         FROM audit.ledger WHERE n > $1) AS lags`,
      [before[0]!.n],
    );
    return {
      minutes,
      perSecond: Math.round(found.perSecond),
      refused: found.refused,
      mebibytes: grown(samples.slice(Math.floor(samples.length * WARMING))),
      eventLag: { p50: round(lag[0]!.p50, 2), p99: round(lag[0]!.p99, 2) },
      unhandled: server.output.split('\n').filter((line) => /unhandled ?rejection/i.test(line)).length,
    };
  } finally {
    await database.end();
  }
}

/** The slope is that of the straight line through all samples: a single one is anywhere between two collections. */
function grown(samples: readonly Sample[]): Soak['mebibytes'] {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, one) => sum + of(one), 0) / samples.length;
  const minutes = mean((one) => one.minutes);
  const mebibytes = mean((one) => one.mebibytes);
  const together = mean((one) => (one.minutes - minutes) * (one.mebibytes - mebibytes));
  const perMinute = together / mean((one) => (one.minutes - minutes) ** 2);
  return { first: samples[0]!.mebibytes, last: samples.at(-1)!.mebibytes, perMinute: round(perMinute, 3) };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
