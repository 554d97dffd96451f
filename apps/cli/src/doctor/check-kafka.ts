import { KafkaTopics } from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import { patiently } from '../patiently.js';
import { messageOf } from '../reason.js';
import { check, fault, type Finding, skipped } from './finding.js';
import type { Surroundings } from './subject.js';

/** A new broker takes its time until somebody keeps the offsets of groups. */
const COORDINATOR_MS = 15_000;

/** Reachable, with the topics as `migrate` makes them; and how far behind each service is. */
export async function checkKafka({ brokers, topicPrefix, topics: wanted, subjects }: Surroundings): Promise<Finding[]> {
  if (brokers === null) return [skipped('Kafka', 'STRONGROOM_KAFKA_BROKERS is not set, or is wrong')];
  const topics = new KafkaTopics({ brokers, topicPrefix, logger: createLogger('silent') });
  try {
    const problems = await topics.check(wanted);
    if (problems.length > 0) return problems.map((problem) => fault('Kafka topic', problem));
  } catch (error) {
    const place = brokers.join(',');
    return [fault('Kafka', `at ${place}: ${messageOf(error)}; start it, or correct STRONGROOM_KAFKA_BROKERS`)];
  }
  const lag = await check('Kafka lag', async () => {
    const ask = () => topics.lag(subjects.map(({ service }) => service));
    const lags = await patiently(ask, { deadline: performance.now() + COORDINATOR_MS, isPassing: () => true });
    return [...lags].map(([group, behind]) => `${group} ${behind ?? 'has not read yet'}`).join(', ');
  });
  return [{ state: 'ok', what: 'Kafka topics', detail: `${topicPrefix}.*, as they should be` }, lag];
}
