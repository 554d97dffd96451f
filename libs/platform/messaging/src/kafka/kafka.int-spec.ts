import { topics } from '@strongroom/contracts';
import { testKafka, testPostgres, whereThereIs } from '@strongroom/testing';
import type { EntityManager } from 'typeorm';
import { describeDelivery } from '../conformance/delivery.conformance.js';
import { KafkaUnderTest } from '../conformance/kafka-transport.js';

const broker = await testKafka();

whereThereIs(broker, 'Kafka', 'Kafka', () => {
  afterAll(() => broker?.stop());

  describeDelivery('Kafka', async () => {
    const postgres = await testPostgres();
    const kafka = new KafkaUnderTest(broker!.url);
    return { url: postgres.url, transport: await kafka.transport(), stop: () => postgres.stop() };
  });

  it('E19 takes a hundred events of 64 KiB of one key in one batch, and keeps their order', async () => {
    const kafka = new KafkaUnderTest(broker!.url);
    const transport = await kafka.transport();
    const value = 'x'.repeat(64 * 1024);
    await transport.bus.handOver(
      {} as EntityManager,
      Array.from({ length: 100 }, (_, i) => ({
        topic: topics.connections.name,
        key: 'con_1',
        headers: { ce_sequence: String(i) },
        value,
      })),
    );
    const records = (await kafka.topics.drain()).sort((a, b) => a.offset - b.offset);
    expect(records.map(({ headers }) => Number(String(headers['ce_sequence'])))).toEqual(Array.from(Array(100).keys()));
    await transport.stop();
  });

  it('puts a key where other clients of Kafka put it, for ever', async () => {
    const kafka = new KafkaUnderTest(broker!.url);
    const transport = await kafka.transport();
    const { name: topic } = topics.connections;
    const keys = ['con_1', 'cac_2', 'ts_3', '7a4ecf0e-4a3c-4c3b-9d0c-3f1f4b8f2a11', 'Größe'];
    await transport.bus.handOver(
      {} as EntityManager,
      keys.map((key) => ({ topic, key, headers: {}, value: '{}' })),
    );
    const records = await kafka.topics.drain();
    const partitions = keys.map((one) => records.find(({ key }) => String(key) === one)?.partition);
    // Computed with org.apache.kafka:kafka-clients:4.1.0, Utils.toPositive(Utils.murmur2(key)) % 12.
    expect(partitions).toEqual([8, 1, 2, 10, 7]);
    await transport.stop();
  });
});
