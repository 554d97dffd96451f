import { serviceNames } from '@strongroom/contracts';
import { KafkaTopics, WrongTopicError } from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import { prepareDatabase, type PreparedDatabase } from '@strongroom/persistence';
import { contexts } from '../contexts.js';
import { codeOf, messageOf, reasonOf } from '../reason.js';
import type { MigrateSettings } from '../settings.js';
import { ownerUrlOf, rolePasswordOf } from './owner-databases.js';
import { patiently } from '../patiently.js';

/** Databases, roles, schemas and tables of every service, then the topics. Safe to repeat and to run many times at once. */
export async function migrate(settings: MigrateSettings, waitSeconds: number, say: (line: string) => void) {
  const deadline = performance.now() + waitSeconds * 1000;
  const wanted = await Promise.all(
    serviceNames.map(async (service) => ({
      service,
      url: ownerUrlOf(service, settings),
      password: await rolePasswordOf(service, settings.STRONGROOM_SECRETS_DIR),
    })),
  );
  for (const { service, url, password } of wanted) {
    const prepare = () => prepareDatabase(contexts[service](url), password);
    const prepared = await patiently(prepare, { deadline, isPassing: isDatabaseAway }).catch((error: unknown) => {
      throw new Error(`database of ${service} at ${placeOf(url)}: ${reasonOf(error)}`, { cause: error });
    });
    say(`${service}: ${told(prepared)}`);
  }
  await ensureTopics(settings, deadline, say);
}

const told = ({ role, isNewDatabase, isNewRole, migrations }: PreparedDatabase): string =>
  [
    ...(isNewDatabase ? ['database made'] : []),
    `role ${role} ${isNewRole ? 'made' : 'up to date'}`,
    migrations.length > 0 ? `applied ${migrations.join(', ')}` : 'nothing to apply',
  ].join('; ');

async function ensureTopics(settings: MigrateSettings, deadline: number, say: (line: string) => void): Promise<void> {
  const { STRONGROOM_KAFKA_BROKERS: brokers, STRONGROOM_KAFKA_TOPIC_PREFIX: topicPrefix } = settings;
  if (!brokers) return say('topics: STRONGROOM_KAFKA_BROKERS is not set, none made');
  const topics = new KafkaTopics({ brokers, topicPrefix, logger: createLogger('fatal') });
  const ensure = () =>
    topics.ensure({
      partitions: settings.STRONGROOM_KAFKA_PARTITIONS,
      replication: settings.STRONGROOM_KAFKA_REPLICATION,
      historyDays: settings.STRONGROOM_KAFKA_HISTORY_DAYS,
    });
  // Brokers that are still joining refuse with all kinds of errors; only a topic of another shape stays wrong.
  const isPassing = (error: unknown) => !(error instanceof WrongTopicError);
  await patiently(ensure, { deadline, isPassing }).catch((error: unknown) => {
    const advice = isPassing(error) ? '; start it, or correct STRONGROOM_KAFKA_BROKERS or _REPLICATION' : '';
    throw new Error(`Kafka at ${brokers.join(',')}: ${messageOf(error)}${advice}`, { cause: error });
  });
  say(`topics: ${topicPrefix}.* are there, ${settings.STRONGROOM_KAFKA_PARTITIONS} partitions each`);
}

const AWAY = /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|57P0[123]|08\w{3})$/;
const isDatabaseAway = (error: unknown): boolean =>
  AWAY.test(codeOf(error) ?? '') || /terminated unexpectedly/.test(String(error)); // pg has no code for that

const placeOf = (url: string): string => `${new URL(url).host}${new URL(url).pathname}`;
