import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { Installation, Scene, Server, startSimulator, vaultForm } from '../driver/index.js';
import { load, type Load } from './load.js';

const SECONDS = Number(process.env['STRONGROOM_BENCH_SECONDS'] ?? 8);
const ROUNDS = Number(process.env['STRONGROOM_BENCH_ROUNDS'] ?? 2);

/**
 * Exchanges of a fresh token beside a floor, in turns, so that a machine that slows down slows both. Prints ratios and
 * fails on none of them.
 */
const simulator = await startSimulator();
const started = performance.now();
const server = await Server.start(simulator.url, { STRONGROOM_TLS: '' });
const startSeconds = (performance.now() - started) / 1000;
const floor = await startFloor();
try {
  const rss = server.residentMebibytes();
  console.log(`start: ${startSeconds.toFixed(1)} s with an empty data directory, ${rss} MiB in Node`);

  const installation = new Installation(server.address);
  const scene = await Scene.create(installation);
  await scene.connect();
  const form = new URLSearchParams({
    ...vaultForm(scene.connection.name, scene.tokens.refreshToken),
    client_id: scene.client.id,
    client_secret: scene.client.secret,
  }).toString();
  const exchangeUrl = `${server.url}/oauth/token`;
  console.log(`transactions: ${await transactionsPerExchange(exchangeUrl, form)} per exchange, one caller`);

  await load(exchangeUrl, form, 10, 3); // warm
  await load(floor.url, form, 10, 3);
  for (const connections of [10, 50]) {
    const rounds: [Load, Load][] = [];
    for (let i = 0; i < ROUNDS; i++)
      rounds.push([
        await load(floor.url, form, connections, SECONDS),
        await load(exchangeUrl, form, connections, SECONDS),
      ]);
    for (const [base, exchanges] of rounds)
      console.log(
        `standalone c=${connections}: ${Math.round(exchanges.perSecond)} exchanges/s, p50 ${exchanges.p50} ms, ` +
          `p99 ${exchanges.p99} ms; floor ${Math.round(base.perSecond)}/s, ` +
          `ratio ${(exchanges.perSecond / base.perSecond).toFixed(2)}` +
          (exchanges.refused ? `; ${exchanges.refused} REFUSED` : ''),
      );
  }
  console.log(`after: ${server.residentMebibytes()} MiB in Node`);
  await installation.close();
} finally {
  await floor.stop();
  await server.remove();
  await simulator.stop();
}

async function startFloor(): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'floor.js')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = /^floor (\d+)/.exec(line.toString())?.[1];
  return {
    url: `http://127.0.0.1:${port}/floor`,
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Committed transactions of all sessions while one caller exchanges 500 times, relay and ledger included. */
async function transactionsPerExchange(url: string, form: string): Promise<string> {
  const [, , , port] = readFileSync(join(server.dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n');
  const password = readFileSync(join(server.dataDir, 'postgres-password'), 'utf8').trim();
  const client = new pg.Client({ connectionString: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` });
  await client.connect();
  const commits = async () => {
    await new Promise((done) => setTimeout(done, 11_000)); // an idle session reports what it did after ten seconds
    const { rows } = await client.query<{ commits: number }>(
      `SELECT xact_commit::int AS commits FROM pg_stat_database WHERE datname = 'postgres'`,
    );
    return rows[0]!.commits;
  };
  const post = () =>
    fetch(url, { method: 'POST', body: form, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  await (await post()).arrayBuffer();
  const idleFrom = await commits();
  const idleStart = performance.now();
  const before = await commits();
  const perMs = (before - idleFrom) / (performance.now() - idleStart);
  const from = performance.now();
  for (let i = 0; i < 500; i++) await (await post()).arrayBuffer();
  const after = await commits();
  await client.end();
  return ((after - before - perMs * (performance.now() - from)) / 500).toFixed(2);
}
