import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { DistributedServer, startSimulator } from '../driver/index.js';
import { Contestant } from './contestant.js';
import { microsecondsEach, processorSeconds } from './cores.js';
import { startFloor } from './floor-process.js';
import { besideFlood } from './flood.js';
import { hopsOf } from './hops.js';
import { lagOf } from './lag.js';
import { load } from './load.js';
import { soak } from './soak.js';
import { transactionsPerExchange } from './transactions.js';

const setting = (name: string, byDefault: string): string => process.env[`STRONGROOM_BENCH_${name}`] ?? byDefault;
const SECONDS = Number(setting('SECONDS', '6'));
const ROUNDS = Number(setting('ROUNDS', '2'));
const MODES = setting('MODES', 'standalone').split(',');
const TOKENSETS = setting('TOKENSETS', '1000,100000').split(',').map(Number);
const CONNECTIONS = setting('CONNECTIONS', '10,50').split(',').map(Number);
/** At full rate, to see whether the ledger keeps up. */
const KEEP_UP_SECONDS = Number(setting('KEEP_UP_SECONDS', '60'));
/** How long a steady load goes on at the end, to see what grows; none unless it is asked for. */
const SOAK = { minutes: Number(setting('SOAK_MINUTES', '0')), perSecond: Number(setting('SOAK_RATE', '300')) };
const WARM_SECONDS = 3;

/** What must not outlive this program, in the order in which it came. */
const running: { stop(): Promise<unknown> }[] = [];
const results: object[] = [];
let isEnding = false;

/**
 * Exchanges of fresh tokens beside a floor, in turns, so that a machine that slows down slows both. One installation at a
 * time: another one's idle processes would be in the figures. Prints ratios and fails on none of them.
 */
async function bench(): Promise<void> {
  const simulator = await startSimulator();
  running.push(simulator);
  const floor = await startFloor();
  running.push(floor);
  for (const mode of MODES) {
    const one = await started(mode, simulator.url);
    // How much a hop costs does not hang on the number of token sets.
    for (const tokensets of mode === 'distributed' ? TOKENSETS.slice(0, 1) : TOKENSETS) {
      await grown(one, tokensets);
      await load(one.url, one.forms, { connections: 50, seconds: WARM_SECONDS });
      await load(floor.url, one.forms, { connections: 50, seconds: WARM_SECONDS });
      for (const connections of CONNECTIONS)
        for (let round = 0; round < ROUNDS; round++) await measure(one, floor.url, { tokensets, connections });
    }
    await extras(one);
    await running.pop()!.stop();
  }
}

async function started(mode: string, simulatorUrl: string): Promise<Contestant> {
  const from = performance.now();
  const one = await Contestant.start(mode, simulatorUrl, setting('PROFILE', ''));
  running.push({ stop: () => one.remove() });
  console.log(`${mode}: started in ${((performance.now() - from) / 1000).toFixed(1)} s`);
  return one;
}

async function grown(one: Contestant, tokensets: number): Promise<void> {
  const from = performance.now();
  await one.grow(tokensets);
  const seconds = Math.round((performance.now() - from) / 1000);
  console.log(
    `${one.mode}: ${tokensets} tokensets made in ${seconds} s, ${one.people.length} people of them signed in`,
  );
}

async function measure(
  one: Contestant,
  floorUrl: string,
  { tokensets, connections }: { tokensets: number; connections: number },
): Promise<void> {
  const { mode, server, url, forms, names } = one;
  const wanted = { connections, seconds: SECONDS };
  const base = await load(floorUrl, forms, wanted);
  const before = processorSeconds(names);
  const found = await load(url, forms, wanted);
  const each = microsecondsEach(before, processorSeconds(names), found.perSecond * SECONDS);
  const cores = (Object.values(each).reduce((sum, one) => sum + one, 0) * found.perSecond) / 1e6;
  const lag = await lagOf(server);
  const ratio = found.perSecond / base.perSecond;
  const parts = Object.entries(each).filter(([, microseconds]) => microseconds > 0);
  console.log(
    `${mode} c=${connections}: ${Math.round(found.perSecond)} exchanges/s, p50 ${found.p50} ms, p99 ${found.p99} ms, ` +
      `floor ${Math.round(base.perSecond)}/s, ratio ${ratio.toFixed(2)}, ${cores.toFixed(2)} cores, ` +
      `us of processor each: ${parts.map(([name, microseconds]) => `${name} ${microseconds}`).join(', ')}; ${one.mebibytes} MiB, ` +
      `${tokensets} tokensets, ledger ${lag.seconds} s behind (${lag.waiting} waiting)` +
      (found.refused ? `; ${found.refused} REFUSED` : ''),
  );
  const memory = one.mebibytes;
  results.push({ mode, tokensets, connections, ...found, floor: base.perSecond, ratio, cores, each, memory, lag });
}

async function extras({ mode, server, scene, url, forms, people }: Contestant): Promise<void> {
  const transactions = await transactionsPerExchange(server, url, forms[0]!);
  console.log(`${mode}: ${transactions} transactions per exchange, one caller`);
  const hops =
    server instanceof DistributedServer
      ? await hopsOf(server, scene, people, { connections: CONNECTIONS[0]!, seconds: SECONDS })
      : [];
  for (const { port, connections, perSecond, p50, p99 } of hops)
    console.log(`${mode}: ${port} alone c=${connections}: ${perSecond} calls/s, p50 ${p50} ms, p99 ${p99} ms`);
  const full = await load(url, forms, { connections: 50, seconds: KEEP_UP_SECONDS });
  const keepUp = {
    seconds: KEEP_UP_SECONDS,
    exchanges: Math.round(full.perSecond * KEEP_UP_SECONDS),
    lag: await lagOf(server),
  };
  console.log(
    `${mode}: after ${keepUp.exchanges} exchanges in ${KEEP_UP_SECONDS} s the ledger is level within ${keepUp.lag.seconds} s`,
  );
  const soaked = SOAK.minutes > 0 ? await soak(server, { url, forms }, SOAK) : undefined;
  if (soaked) console.log(`${mode}: ${JSON.stringify(soaked)}`);
  const flood = await besideFlood(server, scene, { url, forms }, SECONDS);
  console.log(
    `${mode}: p99 of others ${flood.alone} ms, beside a client at ten times its rate ${flood.beside} ms (${flood.refused} of its calls refused)`,
  );
  results.push({ mode, transactions, hops, keepUp, flood, soaked });
}

/** For `docs/performance.md`, if a file is named. */
function keep(): void {
  const path = setting('FIGURES', '');
  if (!path) return;
  const machine = `${cpus().length} cores (${cpus()[0]!.model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const about = { machine, date: new Date().toISOString().slice(0, 10), commit: setting('COMMIT', 'unknown') };
  writeFileSync(path, `${JSON.stringify({ ...about, seconds: SECONDS, results }, null, 2)}\n`);
}

async function end(): Promise<void> {
  isEnding = true;
  for (let one = running.pop(); one; one = running.pop())
    await one.stop().catch((error: unknown) => console.error(error));
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const)
  process.once(signal, () => {
    if (!isEnding) void end().finally(() => process.exit(143));
  });
try {
  await bench();
  keep();
} finally {
  if (!isEnding) await end();
}
if (process.connected) process.disconnect();
