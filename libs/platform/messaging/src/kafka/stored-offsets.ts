import type { Logger } from '@strongroom/observability';
import type { BatchDeliverer } from '../batch-deliverer.js';
import { pause } from '../wait.js';
import type { Consumer } from './kafka.js';
import type { KafkaNames } from './kafka-names.js';

/** Partitions of a topic, named as on the broker. */
export interface Assigned {
  topic: string;
  partitions: number[];
}

/** Kafka's own name for the first record that there is. */
const EARLIEST = '-2';
const AGAIN_MS = 500;

/**
 * Where the effects lie, there lie the offsets: a group of batches reads on from its own database. What the broker
 * knows of them is for those who look at the lag.
 *
 * @returns what moves a consumer there, once the database has told.
 */
export async function storedOffsets(
  batches: BatchDeliverer,
  names: KafkaNames,
  logger: Logger,
  life: AbortSignal,
): Promise<(consumer: Consumer, assigned: readonly Assigned[]) => void> {
  for (;;) {
    try {
      const offsets = await batches.offsets();
      return (consumer, assigned) => {
        for (const { topic, partitions } of assigned)
          for (const partition of partitions) {
            const stored = offsets.find((one) => names.onBroker(one.topic) === topic && one.partition === partition);
            consumer.seek({ topic, partition, offset: stored ? String(stored.offset + 1) : EARLIEST });
          }
      };
    } catch (error) {
      logger.warn({ err: error }, 'the offsets of a group cannot be read, trying again');
      await pause(AGAIN_MS, life);
    }
  }
}
