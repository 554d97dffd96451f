import { KafkaTopics } from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import type { BackingServers } from './backing-servers.js';

/** What an installation says to Kafka and Redis: every record of every topic, every key, every command. */
export class Traces {
  private readonly commands: string[] = [];

  private constructor(
    private readonly servers: BackingServers,
    private readonly redis: Redis,
    private readonly monitor: Redis,
  ) {}

  static async open(servers: BackingServers): Promise<Traces> {
    const redis = new Redis(servers.redisUrl, { lazyConnect: true });
    redis.on('error', () => undefined); // a test may take it away
    await redis.connect();
    const monitor = await redis.monitor();
    monitor.on('error', () => undefined);
    const traces = new Traces(servers, redis, monitor);
    monitor.on('monitor', (_time: string, parameters: string[]) => traces.commands.push(parameters.join(' ')));
    return traces;
  }

  async all(): Promise<Map<string, Buffer>> {
    const { brokers, topicPrefix } = this.servers;
    const topics = new KafkaTopics({
      brokers: brokers.split(','),
      topicPrefix,
      logger: createLogger('fatal'),
    });
    const found = new Map<string, Buffer>();
    const parts = new Map<string, Buffer[]>();
    for (const { topic, key, headers, value } of await topics.drain()) {
      const record = [key, ...Object.entries(headers).flat(), value].map((one) => Buffer.from(one ?? ''));
      parts.set(topic, [...(parts.get(topic) ?? []), ...record.flatMap((one) => [one, Buffer.from('\n')])]);
    }
    for (const [topic, all] of parts) found.set(topic, Buffer.concat(all));
    found.set('redis commands', Buffer.from(this.commands.join('\n')));
    for (const key of await this.redis.keys('*'))
      found.set(
        `redis ${key}`,
        Buffer.concat([Buffer.from(key), (await this.redis.dumpBuffer(key)) ?? Buffer.alloc(0)]),
      );
    return found;
  }

  async plant([inHeader, inValue, inRedis]: readonly string[]): Promise<void> {
    const { brokers, topicPrefix } = this.servers;
    const producer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({
      topic: `${topicPrefix}.users.v1`,
      messages: [{ key: 'planted', headers: { note: String(inHeader) }, value: JSON.stringify({ inValue }) }],
    });
    await producer.disconnect();
    await this.redis.set('planted', String(inRedis));
  }

  async flush(): Promise<void> {
    await this.redis.flushall();
  }

  async close(): Promise<void> {
    this.monitor.disconnect();
    this.redis.disconnect();
    await Promise.resolve();
  }
}
