import { Egress } from '@strongroom/egress';
import { reasonOf } from '../reason.js';
import { placeOf, withClient } from './check-database.js';
import { check, type Finding, skipped } from './finding.js';

/** Tokens live by the clock: beyond this, some end early and others are refused. */
const TOLERATED_MS = 5000;

export interface Clock {
  now: () => number;
}

/** This machine's clock beside that of each database, and of whoever answers at the public URL. */
export async function checkClocks(databaseUrls: readonly string[], publicUrl: string | null, clock: Clock) {
  const places = new Map(databaseUrls.map((url) => [placeOf(url), url]));
  const found: Finding[] = [];
  for (const [place, url] of places)
    found.push(
      await check(`clock, and that of ${place}`, () =>
        withClient(url, (client) => compared(clock, () => timeOf(client))),
      ),
    );
  if (places.size === 0) found.push(skipped('clock', 'no database is there to tell the time'));
  if (publicUrl !== null) found.push(await checkPublic(publicUrl, clock));
  return found;
}

interface Queries {
  query(text: string): Promise<{ rows: { at: number }[] }>;
}
const timeOf = async (client: Queries): Promise<number> =>
  (await client.query('SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS at')).rows[0]!.at;

/** It need not be up yet: services start after the doctor has been asked. */
async function checkPublic(publicUrl: string, clock: Clock): Promise<Finding> {
  const what = `clock, and that of ${publicUrl}`;
  const egress = new Egress({ allow: [new URL(publicUrl).origin] });
  try {
    let date = NaN;
    const ask = async () => {
      const { headers } = await egress.request({ method: 'GET', url: `${publicUrl}/livez`, timeoutMs: 5000 });
      return (date = Date.parse(headers['date'] ?? ''));
    };
    const finding = await check(what, () => compared(clock, ask));
    return Number.isNaN(date) ? skipped(what, 'nobody tells the time there') : finding;
  } catch (error) {
    return skipped(what, reasonOf(error));
  } finally {
    await egress.close();
  }
}

/** Half of the way there and back is taken off. */
async function compared({ now }: Clock, ask: () => Promise<number>): Promise<string> {
  const before = now();
  const theirs = await ask();
  const apart = Math.round((before + now()) / 2 - theirs);
  if (Math.abs(apart) <= TOLERATED_MS) return `${Math.abs(apart)} ms apart`;
  const seconds = Math.round(Math.abs(apart) / 1000);
  throw new Error(`${seconds} s ${apart > 0 ? 'ahead' : 'behind'}: let both machines keep time by NTP`);
}
