import type { Server } from '../driver/index.js';

const EXCHANGES = 500;

/** Committed transactions of all sessions while one caller exchanges 500 times, relays and ledger included. */
export async function transactionsPerExchange(server: Server, url: string, form: string): Promise<string> {
  const client = await server.database();
  const commits = async () => {
    await new Promise((done) => setTimeout(done, 11_000)); // an idle session reports what it did after ten seconds
    const { rows } = await client.query<{ commits: number }>(
      `SELECT xact_commit::int AS commits FROM pg_stat_database WHERE datname = current_database()`,
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
  for (let i = 0; i < EXCHANGES; i++) await (await post()).arrayBuffer();
  const after = await commits();
  await client.end();
  return ((after - before - perMs * (performance.now() - from)) / EXCHANGES).toFixed(2);
}
