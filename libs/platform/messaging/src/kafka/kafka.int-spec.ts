import { testKafka, testPostgres } from '@strongroom/testing';
import { describeDelivery } from '../conformance/delivery.conformance.js';
import { KafkaUnderTest } from '../conformance/kafka-transport.js';

const broker = await testKafka();

(broker ? describe : describe.skip)(
  `Kafka${broker ? '' : ' SKIPPED: STRONGROOM_TEST_KAFKA_BROKERS is not set'}`,
  () => {
    describeDelivery('Kafka', async () => {
      const postgres = await testPostgres();
      const kafka = new KafkaUnderTest(broker!.url);
      return { url: postgres.url, transport: await kafka.transport(), stop: () => postgres.stop() };
    });

    afterAll(() => broker?.stop());
  },
);
