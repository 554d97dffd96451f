import { serviceNames } from '@strongroom/contracts';
import { KafkaTopics } from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import type { BackingServers } from './backing-servers.js';

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
