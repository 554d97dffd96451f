import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordFigure, safetyCount } from '@strongroom/testing';
import type pg from 'pg';
import {
  eventually,
  exchange,
  Installation,
  Scene,
  type Server,
  startServer,
  startSimulator,
  unique,
} from '../driver/index.js';

const EXCHANGES = safetyCount('EXCHANGES', { short: 400, full: 100_000 });
const KILLS = safetyCount('EXCHANGE_KILLS', { short: 1, full: 10 });
const CALLERS = 16;
/** How long no audit row can be written, each time, and longer where nobody was told so meanwhile. */
const OUTAGE_MS = 400;

/** What Postgres says to an insert that it does not take. */
const OUTAGES = [
  { why: 'INSERT revoked', code: 'insufficient_privilege' },
  { why: 'disk full', code: 'disk_full' },
] as const;

interface Sent {
  /** No two exchanges come from the same address, and the row names it. */
  ip: string;
  thumbprint: string | null;
  status: number;
  began: number;
  ended: number;
}

/** Figure 39: what is handed out stands in the ledger once, whatever is killed or cannot be written. */
describe('the ledger and what was handed out', () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let server: Server;
  let installation: Installation;
  let scenes: Scene[];
  let database: pg.Client;
  const sent: Sent[] = [];

  beforeAll(async () => {
    simulator = await startSimulator();
    // The callers stand behind an edge of their own, so that each exchange has an address of its own.
    server = await startServer(simulator.url, { STRONGROOM_TRUSTED_PROXIES: '127.0.0.1,::1' });
    installation = new Installation(server.address);
    scenes = await Promise.all([1, 2, 3].map(() => Scene.create(installation)));
    scenes.push(await scenes[0]!.another());
    for (const scene of scenes) await scene.connect(unique('owner'));
    database = await server.database();
  }, 600_000);
  afterAll(async () => {
    await database?.end().catch(() => undefined);
    await installation?.close();
    await server?.remove();
    await simulator?.stop();
  });

  let serial = 0;
  const one = async (scene: Scene): Promise<Sent> => {
    const n = (serial += 1);
    const ip = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
    const began = performance.now();
    const { client, connection, tokens } = scene;
    const answer = await exchange(installation, client, connection, tokens.refreshToken, {}, { 'x-forwarded-for': ip })
      // Nobody is there, or nobody any more: no token came.
      .catch(() => null);
    const token = answer?.status === 200 ? String(answer.json['access_token']) : null;
    const thumbprint = token && createHash('sha256').update(token).digest('base64url');
    return { ip, thumbprint, status: answer?.status ?? 0, began, ended: performance.now() };
  };
  const handedOut = (of: readonly Sent[] = sent) => of.filter(({ thumbprint }) => thumbprint !== null);
  const load = async (isOver: () => boolean): Promise<void> => {
    const caller = async (n: number) => {
      while (!isOver()) {
        const result = await one(scenes[n % scenes.length]!);
        sent.push(result);
        if (result.status !== 200) await sleep(20);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, n) => caller(n)));
  };
  const until = (count: number) =>
    eventually(
      () => Promise.resolve(handedOut().length),
      (found) => found >= count,
      600_000,
    );

  /** While `work` runs, whatever `body` says becomes of each insert. */
  const withTrigger = async (body: string, work: () => Promise<unknown>) => {
    await database.query(`CREATE OR REPLACE FUNCTION exchange.meddle() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN ${body} END $$;
      CREATE TRIGGER meddle BEFORE INSERT ON exchange.outbox FOR EACH ROW EXECUTE FUNCTION exchange.meddle()`);
    const began = performance.now();
    await work();
    const ended = performance.now();
    await database.query('DROP TRIGGER meddle ON exchange.outbox');
    return { began, ended };
  };
  const outage = (code: string) =>
    withTrigger(`RAISE EXCEPTION 'not taken' USING ERRCODE = '${code}';`, async () => {
      const start = performance.now();
      await sleep(OUTAGE_MS);
      await eventually(
        () => Promise.resolve(sent.some(({ status, began }) => status === 503 && began > start)),
        (isTold) => isTold,
      );
    });
  const killAndRestart = async () => {
    await database.end();
    await server.kill();
    await server.start();
    database = await server.database();
    // What a killed server was writing ends with its connection; nothing of the test is left behind.
    await database.query('DROP TRIGGER IF EXISTS meddle ON exchange.outbox');
  };

  interface Entry {
    ip: string;
    thumbprint: string;
    entries: number;
  }
  const entriesOf = async (of: readonly Sent[]): Promise<Map<string, number>> => {
    const { rows } = await database.query<Entry>(
      `SELECT data->>'ip' AS ip, data->>'tokenThumbprint' AS thumbprint, count(*)::int AS entries FROM audit.ledger
       WHERE name LIKE '%exchange.succeeded%' AND data->>'ip' = ANY($1) GROUP BY 1, 2`,
      [of.map(({ ip }) => ip)],
    );
    return new Map(rows.map(({ ip, thumbprint, entries }) => [`${ip} ${thumbprint}`, entries]));
  };
  /** Once the relay has caught up, or not within the time; tokens without exactly one entry. */
  const unrecorded = async (of: readonly Sent[], patienceMs: number): Promise<number> => {
    const wrong = async () => {
      const entries = await entriesOf(of);
      return handedOut(of).filter(({ ip, thumbprint }) => entries.get(`${ip} ${thumbprint}`) !== 1).length;
    };
    const end = performance.now() + patienceMs;
    let found = await wrong();
    while (found > 0 && performance.now() < end) {
      await sleep(200);
      found = await wrong();
    }
    return found;
  };

  it('L1 L3 RE-22 39 every token that left has exactly one entry, and none leaves while there can be no row', async () => {
    const outages: { began: number; ended: number }[] = [];
    let isOver = false;
    const loading = load(() => isOver);
    try {
      for (let n = 0; n < KILLS; n++) {
        await until((EXCHANGES * (n + 0.3)) / KILLS);
        for (const { code } of OUTAGES) {
          outages.push(await outage(code));
          await until(handedOut().length + 20); // recovers alone
        }
        await until((EXCHANGES * (n + 0.8)) / KILLS);
        await killAndRestart();
      }
      await until(EXCHANGES);
    } finally {
      isOver = true;
      await loading;
    }

    const out = handedOut();
    const during = (of: readonly Sent[]) =>
      of.filter(({ began, ended }) => outages.some((one) => began > one.began && ended < one.ended));
    const without = await unrecorded(sent, 300_000);
    const told = during(sent).filter(({ status }) => status === 503).length;

    // The same look at what an audit that loses rows lets out.
    const lost: Sent[] = [];
    await withTrigger('RETURN NULL;', async () => {
      for (const scene of scenes) lost.push(await one(scene));
    });
    const seen = await unrecorded(lost, 0);

    recordFigure({
      id: '39',
      title: `${CALLERS} callers of 3 clients, ${KILLS} kills, ${outages.length} times no INSERT (revoked, disk full)`,
      required: 'each token handed out stands in exactly one ledger entry; 0 handed out while no row can be written',
      measured: `${without} of ${out.length} without exactly one; ${during(out).length} during the outages, ${told} times 503`,
      holds: without === 0 && during(out).length === 0 && told > 0 && seen === lost.length,
      control: `inserts that are swallowed: ${seen} of ${lost.length} tokens are found without an entry`,
    });
    expect({ without, during: during(out).length, seen }).toEqual({ without: 0, during: 0, seen: lost.length });
    expect(told).toBeGreaterThan(0);
  }, 3_600_000);
});
