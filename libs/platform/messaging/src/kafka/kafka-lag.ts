import { type Admin, topicsOfMember } from './kafka.js';
import type { KafkaNames } from './kafka-names.js';

interface PartitionOffsets {
  partition: number;
  low: string;
  high: string;
}

/** Of the topics that a group reads or has read: what lies beyond its offsets. */
export async function lagOf(
  admin: Admin,
  names: KafkaNames,
  contexts: readonly string[],
  topics: readonly string[],
): Promise<Map<string, number | null>> {
  const ends = new Map<string, PartitionOffsets[]>();
  for (const topic of topics) ends.set(topic, await admin.fetchTopicOffsets(topic));
  const lags = new Map<string, number | null>();
  for (const context of contexts) {
    const groupId = names.groupOf(context);
    const committed = await admin.fetchOffsets({ groupId, topics: [...topics] });
    const { groups } = await admin.describeGroups([groupId]);
    const reading = groups.flatMap(({ members }) =>
      members.flatMap(({ memberAssignment }) => topicsOfMember(memberAssignment)),
    );
    const read = committed.filter(
      ({ topic, partitions }) => reading.includes(topic) || partitions.some(({ offset }) => Number(offset) >= 0),
    );
    const lag = read
      .flatMap(({ topic, partitions }) =>
        ends.get(topic)!.map(({ partition, low, high }) => {
          const offset = Number(partitions.find((one) => one.partition === partition)?.offset ?? -1);
          return Number(high) - Math.max(offset, Number(low));
        }),
      )
      .reduce((sum, one) => sum + one, 0);
    lags.set(context, read.length > 0 ? lag : null);
  }
  return lags;
}
