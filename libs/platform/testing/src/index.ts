/** Real Postgres, Redis and Kafka for tests: what the environment names, else Docker, else what the machine has. */
export { testKafka, testPostgres, testRedis, type TestService } from './services.js';
