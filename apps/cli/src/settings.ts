import { type ServiceName, serviceNames } from '@strongroom/contracts';
import { configSchemas, managementClientId, managementClientSecret } from '@strongroom/service';
import { z } from 'zod';

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });
const own = (name: (service: ServiceName) => string, schema: (service: ServiceName) => z.ZodType) =>
  Object.fromEntries(serviceNames.map((service) => [name(service), schema(service)]));

export const ownerUrlName = (service: ServiceName): string =>
  `STRONGROOM_${service.replaceAll('-', '_').toUpperCase()}_OWNER_DATABASE_URL`;
export const ownerPasswordName = (service: ServiceName): string => ownerUrlName(service).replace(/URL$/, 'PASSWORD');

export const topicSettings = {
  STRONGROOM_KAFKA_PARTITIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(12)
    .describe('Partitions of each topic; cannot be changed afterwards.'),
  STRONGROOM_KAFKA_REPLICATION: z.coerce
    .number()
    .int()
    .min(1)
    .max(10)
    .default(3)
    .describe('Replicas of each partition. With one broker: 1.'),
  STRONGROOM_KAFKA_HISTORY_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe('For so long every event is kept on Kafka.'),
};

/** What `strongroom migrate` reads. */
export const migrateSettings = z.object({
  STRONGROOM_OWNER_DATABASE_URL: postgresUrl
    .optional()
    .describe(
      'Postgres under the owner role, which makes roles, schemas and tables: `postgres://owner@host/database`.',
    ),
  STRONGROOM_OWNER_DATABASE_PASSWORD: z
    .string()
    .optional()
    .describe('Its password, so that the address need not hold it.'),
  ...own(ownerUrlName, (service) =>
    postgresUrl.optional().describe(`The same for ${service} alone, if it lies in a database of its own.`),
  ),
  ...own(ownerPasswordName, () => z.string().optional().describe(`Password for that; default: the one of all.`)),
  STRONGROOM_SECRETS_DIR: z
    .string()
    .default('secrets')
    .describe("What `strongroom init` made: `<service>/database-password` become the roles' passwords."),
  STRONGROOM_KAFKA_BROKERS: configSchemas.audit.shape.STRONGROOM_KAFKA_BROKERS.optional().describe(
    'Kafka, `host:port`, comma-separated. Without it no topics are made.',
  ),
  STRONGROOM_KAFKA_TOPIC_PREFIX: configSchemas.audit.shape.STRONGROOM_KAFKA_TOPIC_PREFIX,
  ...topicSettings,
});
export type MigrateSettings = Readonly<z.output<typeof migrateSettings>>;

/** What `strongroom doctor` reads where it is not asked for one service. */
export const doctorSettings = migrateSettings.extend({
  STRONGROOM_REDIS_URL: configSchemas.tokensets.shape.STRONGROOM_REDIS_URL.optional(),
  STRONGROOM_PUBLIC_URL: configSchemas.audit.shape.STRONGROOM_PUBLIC_URL.optional(),
  STRONGROOM_PROVIDERS_FILE: configSchemas.tokensets.shape.STRONGROOM_PROVIDERS_FILE,
});

/** What `strongroom events` and `strongroom keys` read. */
export const managementSettings = z.object({
  STRONGROOM_PUBLIC_URL: configSchemas.audit.shape.STRONGROOM_PUBLIC_URL.optional(),
  STRONGROOM_SECRETS_DIR: migrateSettings.shape.STRONGROOM_SECRETS_DIR,
  STRONGROOM_MANAGEMENT_CLIENT_ID: managementClientId.optional(),
  STRONGROOM_MANAGEMENT_CLIENT_SECRET: managementClientSecret.optional(),
});
