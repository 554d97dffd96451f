import { createHash, randomBytes } from 'node:crypto';
import { startEmbeddedPostgres } from '@strongroom/persistence';
import { copyCluster, kafkaOfOwn, type OwnServer, redisOfOwn, testKafka, testRedis } from '@strongroom/testing';
import pg from 'pg';

/** Postgres, Kafka and Redis of one distributed installation. */
export interface BackingServers {
  /** A superuser's address of a database of this installation alone. */
  postgresUrl: string;
  brokers: string;
  /** Topics and groups of this installation alone. */
  topicPrefix: string;
  redisUrl: string;
  /** There if the test asked for one that it may take away. */
  kafka: OwnServer | null;
  redis: OwnServer | null;
  /** What a role's password is; the same for all installations of one Postgres, because roles are the server's. */
  passwordOf: (role: string) => string;
  remove(): Promise<void>;
}

/** Which servers the test takes away in its course: those are never the ones that the environment names. */
export interface OwnServers {
  kafka?: boolean;
  redis?: boolean;
}

/** @param isThrownAway whether an embedded Postgres begins as a copy, and does not wait for its disk */
export async function startBackingServers(
  dataDir: string,
  own: OwnServers,
  isThrownAway: boolean,
): Promise<BackingServers> {
  if (isThrownAway && !process.env['STRONGROOM_TEST_POSTGRES_URL']) await copyCluster(dataDir);
  const postgres = await postgresAt(dataDir);
  const kafka = own.kafka ? needed('Kafka', await kafkaOfOwn()) : null;
  const redis = own.redis ? needed('Redis', await redisOfOwn()) : null;
  const shared = [
    kafka ? null : needed('Kafka', await testKafka()),
    redis ? null : needed('Redis', await testRedis()),
  ] as const;
  const salt = createHash('sha256').update(new URL(postgres.url).host).digest('hex');
  return {
    postgresUrl: postgres.url,
    brokers: kafka?.url ?? shared[0]!.url,
    topicPrefix: `t${randomBytes(5).toString('hex')}`,
    redisUrl: redis?.url ?? shared[1]!.url,
    kafka,
    redis,
    passwordOf: (role) => createHash('sha256').update(`${salt} ${role}`).digest('base64url'),
    remove: async () => {
      await postgres.stop();
      await kafka?.remove();
      await redis?.remove();
      for (const server of shared) await server?.stop();
    },
  };
}

/** The one that the environment names, else the embedded one, which is a Postgres 18 like any other. */
async function postgresAt(dataDir: string): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env['STRONGROOM_TEST_POSTGRES_URL'];
  if (!given) {
    const server = await startEmbeddedPostgres({ dataDir });
    return { url: server.url, stop: () => server.stop() };
  }
  const name = `strongroom_flow_${randomBytes(5).toString('hex')}`;
  const administer = async (statement: string) => {
    const client = new pg.Client({ connectionString: given });
    await client.connect();
    await client.query(statement).finally(() => client.end());
  };
  await administer(`CREATE DATABASE ${name}`);
  const url = new URL(given);
  url.pathname = `/${name}`;
  return { url: url.href, stop: () => administer(`DROP DATABASE ${name} WITH (FORCE)`) };
}

function needed<Server>(what: string, server: Server | undefined): Server {
  if (!server) throw new Error(`The distributed suite needs ${what}: see CONTRIBUTING.md, or run .ci/run.`);
  return server;
}
