import { setTimeout as sleep } from 'node:timers/promises';
import { serviceNames } from '@strongroom/contracts';
import { KafkaTopics } from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import type pg from 'pg';
import type { BackingServers } from './backing-servers.js';
import type { DistributedServer } from './distributed-server.js';
import { eventually } from './eventually.js';

export interface TopicRecord {
  topic: string;
  key: string;
  id: string;
  type: string;
  sequence: number;
  data: Record<string, unknown>;
}

const topicsOf = ({ brokers, topicPrefix }: BackingServers) =>
  new KafkaTopics({ brokers: brokers.split(','), topicPrefix, logger: createLogger('fatal') });

/** Everything that the installation has said, in the order of each partition, repeats included. */
export const topicRecords = async (servers: BackingServers): Promise<TopicRecord[]> =>
  (await topicsOf(servers).drain()).map(({ topic, key, headers, value }) => ({
    topic,
    key: String(key ?? ''),
    id: String(headers['ce_id'] ?? ''),
    type: String(headers['ce_type'] ?? ''),
    sequence: Number(headers['ce_sequence']),
    data: JSON.parse(String(value ?? '{}')) as Record<string, unknown>,
  }));

/**
 * The same, once every outbox is empty and the ledger has an entry for each event; the number of entries either way. A
 * group that is just meeting again reads nothing and has no lag at what it had not begun: only the ledger is sure.
 */
export async function toldRecords(server: DistributedServer): Promise<{ records: TopicRecord[]; entries: number }> {
  const database = await server.database();
  const look = async () => {
    if ((await waiting(database)) > 0) return { records: [], entries: -1 };
    const records = await topicRecords(server.servers);
    return { records, entries: await countOf(database, 'audit.ledger') };
  };
  const isWhole = ({ records, entries }: Awaited<ReturnType<typeof look>>) =>
    entries === new Set(records.map(({ id }) => id)).size;
  const once = async () => {
    const found = await look();
    if (!isWhole(found)) await sleep(1_000); // a look reads every topic from its beginning
    return found;
  };
  return eventually(once, isWhole, 300_000).finally(() => database.end());
}

const waiting = async (database: pg.Client): Promise<number> => {
  const outboxes = serviceNames.map((name) => `${name.replaceAll('-', '_')}.outbox`);
  let rows = 0;
  for (const outbox of outboxes) rows += await countOf(database, outbox);
  return rows;
};

async function countOf(database: pg.Client, table: string): Promise<number> {
  const { rows } = await database.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`);
  return rows[0]!.count;
}

/** How many records the six groups have still to read. */
export const lag = async (servers: BackingServers): Promise<number> =>
  [...(await topicsOf(servers).lag(serviceNames)).values()].reduce<number>((sum, one) => sum + (one ?? 0), 0);

/** Keys whose events, repeats left out, are not 1, 2, 3, … */
export function outOfOrder(records: readonly TopicRecord[]): string[] {
  const last = new Map<string, number>();
  const seen = new Set<string>();
  const wrong = new Set<string>();
  for (const { topic, key, id, sequence } of records) {
    if (seen.has(id)) continue;
    seen.add(id);
    const place = `${topic} ${key}`;
    if (sequence !== (last.get(place) ?? 0) + 1) wrong.add(`${place} ${sequence}`);
    last.set(place, sequence);
  }
  return [...wrong];
}
