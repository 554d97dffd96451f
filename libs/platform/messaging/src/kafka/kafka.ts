import type { Logger } from '@strongroom/observability';
import kafkajs, {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  Kafka,
  type logCreator,
  logLevel,
  AssignerProtocol,
  Partitioners,
  type Producer,
  type TopicPartitionOffset,
} from 'kafkajs';

export type { Admin, Consumer, EachBatchPayload, Producer, TopicPartitionOffset };

export interface KafkaClientOptions {
  /** `host:port` of some brokers; the others are learned from them. */
  brokers: readonly string[];
  logger: Logger;
  clientId?: string;
}

/** A request that nobody answers, and a batch that nobody acknowledges, have failed after this. */
export const DEADLINE_MS = 10_000;
/** How long a stop waits, and with it a fetch that brings nothing. */
const FETCH_WAIT_MS = 500;
const BYTES_OF_A_PARTITION = 256 * 1024;
/** What of a line of kafkajs is shown beside its message; the rest may hold what was sent. */
const SHOWN = ['broker', 'clientId', 'groupId', 'topic', 'partition', 'retryCount', 'error'];

/** The one place that speaks to kafkajs. Whoever asks for a producer, consumer or admin connects and disconnects it. */
export class KafkaClient {
  private readonly kafka: Kafka;

  constructor({ brokers, logger, clientId = 'strongroom' }: KafkaClientOptions) {
    this.kafka = new Kafka({
      brokers: [...brokers],
      clientId,
      connectionTimeout: 3000,
      requestTimeout: DEADLINE_MS,
      // Few and short: whoever asked tries again, for ever and in the open.
      retry: { initialRetryTime: 100, maxRetryTime: 1000, factor: 0.2, multiplier: 2, retries: 3 },
      logLevel: logLevel.INFO,
      logCreator: logsTo(logger),
    });
  }

  /**
   * Keys go to partitions by murmur2, as Java's client has it: the partition of a key never changes. Nothing is sent
   * twice by the library itself; the outbox keeps what was not acknowledged.
   */
  producer(): Producer {
    return this.kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      idempotent: false,
      maxInFlightRequests: 1,
      retry: { retries: 0 },
    });
  }

  /** @param sessionTimeoutMs after this a process that was killed loses its partitions to the others. */
  consumer(groupId: string, { sessionTimeoutMs = 15_000 }: { sessionTimeoutMs?: number | undefined } = {}): Consumer {
    return this.kafka.consumer({
      groupId,
      allowAutoTopicCreation: false,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.min(3000, sessionTimeoutMs / 5),
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytesPerPartition: BYTES_OF_A_PARTITION,
      // A consumer that crashed is made anew by its owner, who knows what was in hand.
      retry: { restartOnFailure: () => Promise.resolve(false) },
    });
  }

  async asAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }
}

/** Which topics a member of a group was given. */
export const topicsOfMember = (assignment: Buffer): string[] =>
  Object.keys(AssignerProtocol.MemberAssignment.decode(assignment)?.assignment ?? {});

/** Node sees only some names of a CommonJS module; this one it does not see. */
export const TOPIC_CONFIG = kafkajs.ConfigResourceTypes.TOPIC;

const logsTo =
  (logger: Logger): logCreator =>
  () =>
  ({ level, namespace, log: { message, ...about } }) => {
    const shown = Object.fromEntries(SHOWN.flatMap((name) => (name in about ? [[name, about[name] as unknown]] : [])));
    const line = level === logLevel.ERROR || level === logLevel.WARN ? 'info' : 'debug';
    logger[line]({ ...shown, kafka: namespace }, message);
  };
