/** Real Postgres, Redis and Kafka for tests: what the environment names, else Docker, else what the machine has. */
export { copyCluster, startCopiedPostgres } from './copied-postgres.js';
export { freePort } from './free-port.js';
export { quickDirectory } from './quick-directory.js';
export { like, Shell, type Step, stepsOf } from './pasted.js';
export { ownDatabase } from './own-database.js';
export type { OwnServer } from './own-servers.js';
export { whereThereIs } from './where-there-is.js';
export { kafkaOfOwn, redisOfOwn, testKafka, testPostgres, testRedis, type TestService } from './services.js';
export { type Figure, isFullRun, recordFigure, safetyCount } from './safety.js';
