/** Real Postgres, Redis and Kafka for tests: what the environment names, else Docker, else what the machine has. */
export type { OwnServer } from './own-servers.js';
export { whereThereIs } from './where-there-is.js';
export { kafkaOfOwn, redisOfOwn, testKafka, testPostgres, testRedis, type TestService } from './services.js';
export { type Figure, isFullRun, recordFigure, safetyCount } from './safety.js';
