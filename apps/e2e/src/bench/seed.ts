import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Scene, Server } from '../driver/index.js';
import type { Share } from './seed-worker.js';

/**
 * People like the one of the scene, straight into the tables, until there are `count` token sets. Each has an account at
 * the provider and a key of its own, and opens. Sealing keeps every core busy: 3,000 a second on each, about.
 */
export async function seedTokensets(server: Server, scene: Scene, count: number): Promise<void> {
  const client = await server.database();
  try {
    const { rows } = await client.query<Share['template'] & { there: number }>(
      `SELECT t.id, t.connection_id, t.token_origin, t.cred_version, (SELECT count(*)::int FROM tokensets.tokensets) AS there
       FROM tokensets.tokensets t JOIN identity.users u USING (person_id) WHERE u.user_id = $1`,
      [scene.person.userId],
    );
    const { there, ...template } = rows[0]!;
    const { host, port, user, password, database } = client;
    const url = new URL(`postgres://${host}:${port}/${database}`);
    Object.assign(url, { username: user, password: password ?? '' });
    const given = { url: url.href, masterKeys: masterKeysOf(server), template };
    const workers = count - there < 10_000 ? 1 : availableParallelism();
    const share = (i: number) =>
      Math.floor(((count - there) * (i + 1)) / workers) - Math.floor(((count - there) * i) / workers);
    await Promise.all(Array.from({ length: workers }, (_, i) => work({ ...given, count: share(i) })));
    await client.query('VACUUM ANALYZE tokensets.tokensets, tokensets.tokenset_keys');
    await client.query('CHECKPOINT'); // not in the middle of the measurement
  } finally {
    await client.end();
  }
}

async function work(share: Share): Promise<void> {
  if (share.count <= 0) return;
  const [code] = (await once(
    new Worker(join(import.meta.dirname, 'seed-worker.js'), { workerData: share }),
    'exit',
  )) as [number];
  if (code !== 0) throw new Error('the token sets could not be made');
}

function masterKeysOf({ dataDir }: Server): string {
  const places = ['master-keys', 'secrets/tokensets/master-keys'].map((name) => join(dataDir, name));
  return readFileSync(
    places.find((place) => existsSync(place))!,
    'utf8',
  ).trim();
}
