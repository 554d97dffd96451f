import { randomUUID } from 'node:crypto';
import { topics } from '@strongroom/contracts';
import { testKafka, whereThereIs } from '@strongroom/testing';
import { logger } from '../conformance/delivery-bench.js';
import { SETTINGS } from '../conformance/kafka-transport.js';
import { KafkaClient, TOPIC_CONFIG } from './kafka.js';
import { KafkaTopics } from './kafka-topics.js';

const broker = await testKafka();

whereThereIs(broker, 'Kafka', 'topics of Kafka', () => {
  const given = { brokers: broker?.url.split(',') ?? [], logger };
  const client = new KafkaClient(given);
  let topicPrefix: string;
  let kafka: KafkaTopics;

  beforeEach(() => {
    topicPrefix = `test-${randomUUID().slice(0, 8)}`;
    kafka = new KafkaTopics({ ...given, topicPrefix });
  });
  afterAll(() => broker?.stop());

  const configOf = (topic: string) =>
    client.asAdmin(async (admin) => {
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ type: TOPIC_CONFIG, name: topic }],
      });
      return Object.fromEntries(
        resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]),
      );
    });

  it('makes every topic of the contracts once, as events.md has them', async () => {
    expect(await kafka.check(SETTINGS)).toHaveLength(Object.keys(topics).length);
    await kafka.ensure(SETTINGS);
    await kafka.ensure(SETTINGS);
    expect(await kafka.check(SETTINGS)).toEqual([]);
    expect(await configOf(`${topicPrefix}.connections.v1`)).toMatchObject({
      'cleanup.policy': 'compact',
      'min.compaction.lag.ms': '2592000000',
      'min.insync.replicas': '1',
      'unclean.leader.election.enable': 'false',
    });
    expect(await configOf(`${topicPrefix}.exchanges.v1`)).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': '2592000000',
    });
  });

  it('brings the history up to date, and leaves what an operator has set beside', async () => {
    await kafka.ensure(SETTINGS);
    const topic = `${topicPrefix}.users.v1`;
    const has = await configOf(topic);
    const own = ['cleanup.policy', 'min.compaction.lag.ms', 'min.insync.replicas', 'unclean.leader.election.enable'];
    await client.asAdmin((admin) =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: TOPIC_CONFIG,
            name: topic,
            configEntries: [
              ...own.map((name) => ({ name, value: String(has[name]) })),
              { name: 'max.message.bytes', value: '200000' },
            ],
          },
        ],
      }),
    );
    const longer = { ...SETTINGS, historyDays: 60 };
    expect((await kafka.check(longer))[0]).toContain('min.compaction.lag.ms=2592000000, 5184000000 is wanted');
    await kafka.ensure(longer);
    expect(await kafka.check(longer)).toEqual([]);
    expect(await configOf(topic)).toMatchObject({ 'max.message.bytes': '200000', 'cleanup.policy': 'compact' });
  });

  it('refuses a topic with other partitions or another cleanup, and says which, what and what to do', async () => {
    await client.asAdmin((admin) =>
      admin.createTopics({
        waitForLeaders: false,
        topics: [
          { topic: `${topicPrefix}.users.v1`, numPartitions: 3 },
          { topic: `${topicPrefix}.clients.v1`, numPartitions: 12 },
        ],
      }),
    );
    const failure = await kafka.ensure(SETTINGS).then(
      () => new Error('it was accepted'),
      (error: Error) => error,
    );
    expect(failure.name).toBe('WrongTopicError');
    expect(failure.message.split('\n')).toEqual([
      expect.stringContaining(`${topicPrefix}.users.v1 has partitions 3, but 12 is wanted.`),
      expect.stringContaining(`${topicPrefix}.users.v1 has cleanup.policy delete, but compact is wanted.`),
      expect.stringContaining(`${topicPrefix}.clients.v1 has cleanup.policy delete, but compact is wanted.`),
    ]);
    expect(failure.message).toContain('STRONGROOM_KAFKA_TOPIC_PREFIX');
  });

  it('drains every record of every topic as bytes, and leaves no group behind', async () => {
    await kafka.ensure(SETTINGS);
    const producer = client.producer();
    await producer.connect();
    const value = Buffer.from([0xff, 0x00, 0xfe]);
    for (const topic of ['users', 'exchanges'])
      for (let i = 0; i < 3; i++)
        await producer.send({
          topic: `${topicPrefix}.${topic}.v1`,
          messages: [{ key: `key-${i}`, value, headers: { ce_id: 'cnry_header' } }],
        });
    await producer.disconnect();
    const records = await kafka.drain();
    expect(records).toHaveLength(6);
    expect(records[0]).toMatchObject({ value, headers: { ce_id: Buffer.from('cnry_header') } });
    expect(new Set(records.map(({ topic }) => topic)).size).toBe(2);
    const { groups } = await client.asAdmin((admin) => admin.listGroups());
    expect(groups.filter(({ groupId }) => groupId.startsWith(topicPrefix))).toEqual([]);
  });
});
