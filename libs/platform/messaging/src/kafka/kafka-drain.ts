import { randomUUID } from 'node:crypto';
import type { KafkaClient } from './kafka.js';

/** A record as bytes, whatever is in it. */
export interface DrainedRecord {
  topic: string;
  partition: number;
  offset: number;
  key: Buffer | null;
  headers: Record<string, Buffer>;
  value: Buffer | null;
}

/** Reads from the first record to what is the last one now, as a group of its own that is gone afterwards. */
export async function drain(
  client: KafkaClient,
  topics: readonly string[],
  groupPrefix: string,
): Promise<DrainedRecord[]> {
  const groupId = `${groupPrefix}.${randomUUID()}`;
  const open = await client.asAdmin(async (admin) => {
    const left = new Map<string, number>();
    for (const topic of topics)
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
        if (Number(high) > Number(low)) left.set(`${topic} ${partition}`, Number(high) - 1);
    return left;
  });
  const found: DrainedRecord[] = [];
  if (open.size === 0) return found;
  const consumer = client.consumer(groupId);
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await new Promise<void>((done, failed) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => failed(payload.error));
      consumer
        .run({
          autoCommit: false,
          eachBatch: ({ batch }) => {
            const { topic, partition } = batch;
            for (const { offset, key, headers, value } of batch.messages)
              found.push({ topic, partition, offset: Number(offset), key, headers: bytesOf(headers), value });
            const last = open.get(`${topic} ${partition}`);
            if (last !== undefined && Number(batch.lastOffset()) >= last) open.delete(`${topic} ${partition}`);
            if (open.size === 0) done();
            return Promise.resolve();
          },
        })
        .catch(failed);
    });
  } finally {
    await consumer.disconnect();
    await client.asAdmin((admin) => admin.deleteGroups([groupId])).catch(() => undefined); // the broker forgets it by itself
  }
  return found;
}

const bytesOf = (headers: Record<string, Buffer | string | (Buffer | string)[] | undefined> = {}) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Buffer.concat([value ?? []].flat().map((one) => Buffer.from(one))),
    ]),
  );
