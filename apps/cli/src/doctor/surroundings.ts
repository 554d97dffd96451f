import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configFiles } from '@strongroom/config';
import { type ServiceName, serviceNames } from '@strongroom/contracts';
import { roleOf } from '@strongroom/persistence';
import { configSchemas, databaseUrlName, databaseUrlOf } from '@strongroom/service';
import { z } from 'zod';
import { contexts } from '../contexts.js';
import { ownerUrlOf } from '../migrate/owner-databases.js';
import { doctorSettings, type MigrateSettings, topicSettings } from '../settings.js';
import { rightSettings } from './right-settings.js';
import type { Subject, Surroundings } from './subject.js';

type Environment = NodeJS.ProcessEnv | undefined;

const WITH_MASTER_KEYS: readonly ServiceName[] = ['tokensets', 'identity'];
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** As the service itself sees it: run beside it, with its environment. */
export function surroundingsOfService(service: ServiceName, environment: Environment): Surroundings {
  const schema: z.ZodObject = configSchemas[service];
  const settings = rightSettings(schema, environment);
  const has = text(settings[databaseUrlName(service)]) !== null;
  return {
    ...common(settings, environment),
    files: [...configFiles(schema, environment).values()],
    subjects: [
      {
        service,
        databaseUrl: has ? databaseUrlOf(service, settings) : null,
        serviceKey: text(settings['STRONGROOM_SERVICE_KEY']),
        serviceKeys: text(settings['STRONGROOM_SERVICE_KEYS']),
        masterKeys: 'STRONGROOM_MASTER_KEYS' in schema.shape ? text(settings['STRONGROOM_MASTER_KEYS']) : undefined,
      },
    ],
  };
}

/** As the operator sees all of them: with what `migrate` reads. */
export async function surroundingsOfAll(environment: Environment): Promise<Surroundings> {
  const settings = rightSettings(doctorSettings, environment);
  const owner = settings as MigrateSettings;
  const dir = owner.STRONGROOM_SECRETS_DIR;
  return {
    ...common(settings, environment),
    files: await filesBelow(dir),
    subjects: await Promise.all(serviceNames.map((service) => subjectOf(service, owner, dir))),
  };
}

const common = (settings: Record<string, unknown>, environment: Environment) => {
  const topics = rightSettings(z.object(topicSettings), environment);
  return {
    brokers: (settings['STRONGROOM_KAFKA_BROKERS'] as string[] | undefined) ?? null,
    topicPrefix: text(settings['STRONGROOM_KAFKA_TOPIC_PREFIX']) ?? 'strongroom',
    topics: {
      partitions: Number(topics['STRONGROOM_KAFKA_PARTITIONS'] ?? 12),
      replication: Number(topics['STRONGROOM_KAFKA_REPLICATION'] ?? 3),
      historyDays: Number(topics['STRONGROOM_KAFKA_HISTORY_DAYS'] ?? 30),
    },
    providersFiles: (settings['STRONGROOM_PROVIDERS_FILE'] as string[] | undefined) ?? [],
    redisUrl: text(settings['STRONGROOM_REDIS_URL']),
    publicUrl: text(settings['STRONGROOM_PUBLIC_URL']),
  };
};

async function subjectOf(service: ServiceName, settings: MigrateSettings, dir: string): Promise<Subject> {
  const read = (name: string) =>
    readFile(join(dir, service, name), 'utf8').then(
      (content) => content.trim(),
      () => null,
    );
  return {
    service,
    databaseUrl: roleUrlOf(service, settings, await read('database-password')),
    serviceKey: await read('service-key.pem'),
    serviceKeys: await read('service-keys.json'),
    masterKeys: WITH_MASTER_KEYS.includes(service) ? await read('master-keys') : undefined,
  };
}

function roleUrlOf(service: ServiceName, settings: MigrateSettings, password: string | null): string | null {
  if (password === null) return null;
  try {
    const url = new URL(ownerUrlOf(service, settings));
    url.username = roleOf(contexts[service]('').schema);
    url.password = encodeURIComponent(password);
    return url.href;
  } catch {
    return null; // no address is set
  }
}

const filesBelow = async (dir: string): Promise<string[]> => {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
};
