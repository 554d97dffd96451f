import { randomUUID } from 'node:crypto';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  Bearer,
  type BearerIdentity,
  ConnectionDirectory,
  ConnectionListing,
  IntakeKeys,
  type OwnApi,
} from '@strongroom/contracts';
import type { PresentedToken } from '@strongroom/contracts';
import { IntakePrivateKey } from '@strongroom/crypto';
import { Egress } from '@strongroom/egress';
import { VaultError } from '@strongroom/errors';
import { httpAdapter, prepareHttp, PublicUrl } from '@strongroom/http';
import { createLogger, LOGGER } from '@strongroom/observability';
import { migrate } from '@strongroom/persistence';
import { Catalogue } from '@strongroom/providers';
import { DataSource } from 'typeorm';
import { connectionsDatabase } from '../src/connections.database.js';
import { ConnectionsModule } from '../src/connections.module.js';
import { ConnectionsService } from '../src/connections.service.js';
import { DeletedConnections } from '../src/deleted-connections.js';
import { RefreshProviderMetadata } from '../src/provider/refresh-provider-metadata.js';

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
  readonly installationId = randomUUID();

  current() {
    const { id: keyId, publicKey } = this.pair;
    return Promise.resolve({ installationId: this.installationId, keyId, publicKey });
  }
}

@Global()
@Module({})
class Surroundings {
  static of(intakeKeys: OneIntakeKey, egress: Egress, catalogue: Catalogue): DynamicModule {
    return {
      module: Surroundings,
      providers: [
        { provide: Bearer, useClass: BearerByScopes },
        { provide: IntakeKeys, useValue: intakeKeys },
        { provide: LOGGER, useValue: createLogger('silent') },
        { provide: Egress, useValue: egress },
        { provide: Catalogue, useValue: catalogue },
        { provide: PublicUrl, useValue: new PublicUrl('https://vault.example.com') },
      ],
      exports: [Bearer, IntakeKeys, LOGGER, Egress, Catalogue, PublicUrl],
    };
  }
}

export interface Answer {
  status: number;
  text: string;
  body: unknown;
}
export interface SaidEvent {
  type: string;
  sequence: number;
  payload: Record<string, unknown>;
}

/** The connections context with a real database; it may call `allowed` beside the outside world. */
export async function startInstallation(databaseUrl: string, allowed: string, catalogue = Catalogue.shipped()) {
  await migrate(connectionsDatabase(databaseUrl));
  const intakeKeys = new OneIntakeKey();
  const egress = new Egress({ allow: [allowed] });
  const server = { logger: createLogger('silent'), isHttps: true };

  @Module({ imports: [Surroundings.of(intakeKeys, egress, catalogue), ConnectionsModule.forRoot({ databaseUrl })] })
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
    return {
      status: answer.statusCode,
      text: answer.body,
      body: answer.body ? (JSON.parse(answer.body) as unknown) : undefined,
    };
  };
  return {
    send,
    database,
    intakeKeys,
    directory: app.get(ConnectionDirectory, { strict: false }),
    listing: app.get(ConnectionListing, { strict: false }),
    service: app.get(ConnectionsService, { strict: false }),
    refresh: app.get(RefreshProviderMetadata, { strict: false }),
    deletedConnections: app.get(DeletedConnections, { strict: false }),
    events: (connectionId: string): Promise<SaidEvent[]> =>
      database.query(
        `SELECT type, sequence::int AS sequence, payload::jsonb AS payload FROM outbox WHERE aggregateid = $1 ORDER BY position`,
        [connectionId],
      ),
    stop: async () => {
      await app.close();
      await egress.close();
    },
  };
}
