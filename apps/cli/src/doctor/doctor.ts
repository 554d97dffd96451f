import type { ServiceName } from '@strongroom/contracts';
import { configSchemas } from '@strongroom/service';
import { doctorSettings } from '../settings.js';
import { checkCatalogue } from './check-catalogue.js';
import { checkClocks, type Clock } from './check-clock.js';
import { checkDatabase } from './check-database.js';
import { checkFiles } from './check-files.js';
import { checkKafka } from './check-kafka.js';
import { checkKeys } from './check-keys.js';
import { checkRedis } from './check-redis.js';
import type { Finding } from './finding.js';
import { checkConfiguration } from './right-settings.js';
import { surroundingsOfAll, surroundingsOfService } from './surroundings.js';

export interface DoctorOptions {
  /** Checks what this service would read; else all of them, with what `migrate` reads. */
  service?: ServiceName | undefined;
  environment?: NodeJS.ProcessEnv | undefined;
  clock?: Clock;
}

/** One finding after the other. Changes nothing anywhere. */
export async function* examine({ service, environment, clock = Date }: DoctorOptions): AsyncGenerator<Finding> {
  yield service
    ? await checkConfiguration(`of ${service}`, configSchemas[service], environment)
    : await checkConfiguration('of the operator', doctorSettings, environment);
  const around = service ? surroundingsOfService(service, environment) : await surroundingsOfAll(environment);
  yield await checkFiles(around.files);
  yield await checkCatalogue(around.providersFiles);
  const there: string[] = [];
  for (const subject of around.subjects) {
    const database = await checkDatabase(subject);
    const isThere = database[0]?.state === 'ok';
    if (isThere) there.push(subject.databaseUrl!);
    yield* database;
    yield* await checkKeys(subject, isThere);
  }
  yield* await checkKafka(around);
  yield await checkRedis(around.redisUrl);
  yield* await checkClocks(there, around.publicUrl, clock);
}
