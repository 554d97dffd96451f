import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Bearer, type BearerIdentity, ConnectionDirectory, IntakeKeys, type OwnApi } from '@strongroom/contracts';
import type { PresentedToken } from '@strongroom/contracts';
import { IntakePrivateKey, openBox } from '@strongroom/crypto';
import { Egress } from '@strongroom/egress';
import { VaultError } from '@strongroom/errors';
import { httpAdapter, prepareHttp, PublicUrl } from '@strongroom/http';
import { createLogger } from '@strongroom/observability';
import { migrate } from '@strongroom/persistence';
import { testPostgres } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { connectionsDatabase } from '../src/connections.database.js';
import { ConnectionsModule } from '../src/connections.module.js';
import { ConnectionsService } from '../src/connections.service.js';

const INSTALLATION = randomUUID();
const ALL = ['read', 'create', 'update', 'delete'].map((verb) => `${verb}:connections`);

/** Stand-in of identity's port: the token is the list of its scopes. */
class BearerByScopes extends Bearer {
  check(api: OwnApi, { authorization }: PresentedToken): Promise<BearerIdentity> {
    if (api !== 'management' || !authorization)
      return Promise.reject(new VaultError('Missing authentication', { code: 'invalid_token', status: 401 }));
    const scopes = authorization.replace('Bearer ', '').split(' ');
    return Promise.resolve({ personId: null, userId: null, clientId: 'admin', scopes, sessionId: null, jkt: null });
  }
}

/** Stand-in of tokensets' port, with a real key pair. */
class OneIntakeKey extends IntakeKeys {
  readonly pair = IntakePrivateKey.generate();

  current() {
    const { id: keyId, publicKey } = this.pair;
    return Promise.resolve({ installationId: INSTALLATION, keyId, publicKey });
  }
}

@Global()
@Module({})
class Surroundings {
  static of(intakeKeys: OneIntakeKey, egress: Egress): DynamicModule {
    return {
      module: Surroundings,
      providers: [
        { provide: Bearer, useClass: BearerByScopes },
        { provide: IntakeKeys, useValue: intakeKeys },
        { provide: Egress, useValue: egress },
        { provide: PublicUrl, useValue: new PublicUrl('https://vault.example.com') },
      ],
      exports: [Bearer, IntakeKeys, Egress, PublicUrl],
    };
  }
}

export type Json = Record<string, any>;
export interface Answer {
  status: number;
  text: string;
  body: any;
}

/** The connections context with a real database, and a provider whose metadata can be set. */
export async function startInstallation() {
  const postgres = await testPostgres();
  await migrate(connectionsDatabase(postgres.url));
  const provider = await startMetadataServer();
  const intakeKeys = new OneIntakeKey();
  const egress = new Egress({ allow: [provider.origin] });
  const server = { logger: createLogger('silent'), isHttps: true };

  @Module({ imports: [Surroundings.of(intakeKeys, egress), ConnectionsModule.forRoot({ databaseUrl: postgres.url })] })
  class App {}
  const app = await NestFactory.create<NestFastifyApplication>(App, httpAdapter(server), {
    bodyParser: false,
    logger: false,
    abortOnError: false,
  });
  prepareHttp(app, server);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  const database = app.get(DataSource, { strict: false });

  const send = async (method: string, path: string, body?: unknown, scopes = ALL): Promise<Answer> => {
    const answer = await app.inject({
      method: method as 'GET',
      url: `/api/v2/connections${path}`,
      headers: { authorization: `Bearer ${scopes.join(' ')}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { payload: JSON.stringify(body) } : {}),
    });
    return { status: answer.statusCode, text: answer.body, body: answer.body ? JSON.parse(answer.body) : undefined };
  };
  return {
    send,
    provider,
    database,
    directory: app.get(ConnectionDirectory, { strict: false }),
    service: app.get(ConnectionsService, { strict: false }),
    /** What `tokensets` would read. */
    openSecret: (connectionId: string, box: string) =>
      openBox(
        intakeKeys.pair,
        INSTALLATION,
        { purpose: 'connection-credential', connectionId, ownerId: connectionId, field: 'client_secret' },
        box,
      ),
    events: async (connectionId: string): Promise<{ type: string; sequence: number; payload: Json }[]> =>
      (
        await database.query(
          `SELECT type, sequence::int AS sequence, payload FROM outbox WHERE aggregateid = $1 ORDER BY position`,
          [connectionId],
        )
      ).map((event: Json) => ({
        ...event,
        payload: typeof event['payload'] === 'string' ? JSON.parse(event['payload']) : event['payload'],
      })),
    stop: async () => {
      await app.close();
      await egress.close();
      await provider.stop();
      await postgres.stop();
    },
  };
}

async function startMetadataServer() {
  const state: { metadata: Json | null } = { metadata: {} };
  const server = createServer((_, response) => {
    response.writeHead(state.metadata ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(state.metadata ?? {}));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    says: (metadata: Json | null): void => void (state.metadata = metadata),
    stop: () =>
      new Promise<void>((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
