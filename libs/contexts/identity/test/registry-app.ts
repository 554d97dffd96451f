import { randomBytes } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Global, Module, type NestInterceptor } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Bearer,
  ConnectionDirectory,
  ConnectionListing,
  type BearerIdentity,
  type ConnectionView,
  type ListingPage,
  type PresentedToken,
} from '@strongroom/contracts';
import { ConfiguredMasterKeys, KeyRing } from '@strongroom/crypto';
import { answersOf, httpAdapter, prepareHttp, PublicUrl } from '@strongroom/http';
import { MessagingModule } from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import { DatabaseModule, migrate } from '@strongroom/persistence';
import { ownDatabase, testPostgres } from '@strongroom/testing';
import { tap } from 'rxjs';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { ArtefactsService } from '../src/artefacts/artefacts.service.js';
import { identityDatabase } from '../src/identity.database.js';
import { FirstRowsOptions } from '../src/first-rows/first-rows.js';
import { MANAGEMENT_SCOPES } from '../src/first-rows/management-scopes.js';
import { registryParts } from '../src/registry.parts.js';

/** The caller is whoever the header says: `Bearer read:users,update:users`. */
class SaidBearer extends Bearer {
  override check(_api: 'management' | 'my-account', { authorization }: PresentedToken): Promise<BearerIdentity> {
    const scopes = (authorization ?? '').replace('Bearer ', '').split(',');
    return Promise.resolve({ personId: null, userId: null, clientId: 'tests', scopes, sessionId: null, jkt: null });
  }
}

/** Whatever a route answers in a test has to fit what it says of its answers. */
class AsAnnounced implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const answers = answersOf(context.getHandler());
    return next.handle().pipe(
      tap((body: unknown) => {
        const sent: unknown = body === undefined ? null : JSON.parse(JSON.stringify(body));
        const fits = answers.some(({ schema }) => (schema ?? z.null()).safeParse(sent).success);
        if (!fits)
          throw new Error(`${context.getHandler().name} answers what it does not say: ${JSON.stringify(sent)}`);
      }),
    );
  }
}

/** Connections by id; tests add to it. */
export class SaidConnections extends ConnectionDirectory {
  readonly known = new Map<string, ConnectionView>();
  override byName = (name: string) =>
    Promise.resolve([...this.known.values()].find((connection) => connection.name === name) ?? null);
  override byId = (id: string) => Promise.resolve(this.known.get(id) ?? null);
  override ofClient = () => Promise.resolve([]);
  override credentials = () => Promise.resolve(null);
  override deleted = () => Promise.resolve(null);
}

/** A client's connections as they would be shown; tests add to it. */
export class SaidListing extends ConnectionListing {
  readonly known: { name: string; strategy: string; clientId: string }[] = [];
  override ofClient(id: string, { after, limit, strategies }: ListingPage) {
    const found = this.known
      .filter(({ clientId, strategy }) => clientId === id && (strategies?.includes(strategy) ?? true))
      .filter(({ name }) => after === null || name > after)
      .slice(0, limit);
    return Promise.resolve(found.map(({ name, strategy }) => ({ name, shown: { name, strategy } })));
  }
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  text: string;
  /** The JSON body as what the contract says it is. */
  as<T>(): T;
}

export interface RegistryApp {
  app: NestFastifyApplication;
  database: DataSource;
  connections: SaidConnections;
  listing: SaidListing;
  /** Calls the Management API; without `scopes` the caller holds all of them. */
  call(method: string, path: string, body?: unknown, scopes?: string[]): Promise<Answer>;
  /** The events said of a thing, oldest first. */
  eventsOf(id: string): Promise<{ type: string; sequence: number; data: Record<string, unknown> }[]>;
  stop(): Promise<void>;
}

export const START = {
  publicUrl: 'https://vault.example.com',
  managementClient: { clientId: 'management', clientSecret: 'cnry_management_secret_of_the_tests' },
  administrator: { email: 'Admin@example.com', password: 'cnry_admin_password' } as FirstRowsOptions['administrator'],
};

export const masterKeys = () => ConfiguredMasterKeys.parse(`mk1:${randomBytes(32).toString('base64')}`);

/** A database of its own, with the tables and nothing in them, on the server of the tests. */
export async function emptyDatabase(url: string): Promise<string> {
  const database = identityDatabase(await ownDatabase(url, 'identity'));
  await migrate(database);
  return database.url;
}

/** The registry with all that it needs, on a database that ends with it. */
export async function startOwnRegistry(): Promise<RegistryApp> {
  const postgres = await testPostgres();
  const registry = await startRegistry(await emptyDatabase(postgres.url));
  const stop = async () => {
    await registry.stop();
    await postgres.stop();
  };
  return { ...registry, stop };
}

/** The registry as the identity module has it, over HTTP, with the authorization server's answers said by the test. */
export async function startRegistry(url: string, keys = masterKeys(), start = START): Promise<RegistryApp> {
  const { publicUrl, ...options } = start;
  const connections = new SaidConnections();
  const listing = new SaidListing();
  const common = [
    { provide: PublicUrl, useValue: new PublicUrl(publicUrl) },
    { provide: Bearer, useClass: SaidBearer },
    { provide: ConnectionDirectory, useValue: connections },
    { provide: ConnectionListing, useValue: listing },
  ];

  @Global()
  @Module({ providers: common, exports: common.map(({ provide }) => provide) })
  class Ports {}

  @Module({
    imports: [DatabaseModule.forContext(identityDatabase(url)), MessagingModule.forContext('identity')],
    controllers: registryParts.controllers,
    providers: [
      {
        provide: KeyRing,
        useFactory: (database: DataSource) => KeyRing.load({ database, masterKeys: keys, context: 'identity' }),
        inject: [DataSource],
      },
      { provide: FirstRowsOptions, useValue: options },
      ArtefactsService,
      ...registryParts.providers,
    ],
  })
  class Registry {}

  const logger = createLogger('fatal');
  const server = { logger, isHttps: true };
  const built = await Test.createTestingModule({ imports: [Ports, Registry] }).compile();
  const app = built.createNestApplication<NestFastifyApplication>(httpAdapter(server), {
    bodyParser: false,
    logger: false,
  });
  prepareHttp(app, server);
  app.useGlobalInterceptors(new AsAnnounced());
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  const database = app.get(DataSource, { strict: false });
  return {
    app,
    database,
    connections,
    listing,
    async call(method, path, body, scopes = [...MANAGEMENT_SCOPES]) {
      const answer = await app.inject({
        method: method as 'GET',
        url: `/api/v2${path}`,
        headers: {
          authorization: `Bearer ${scopes.join(',')}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      const as = <T>() => (answer.body === '' ? {} : JSON.parse(answer.body)) as T;
      const parsed = as<Record<string, unknown>>();
      return { status: answer.statusCode, body: parsed, text: answer.body, as };
    },
    async eventsOf(id) {
      const rows = await database.query<{ type: string; sequence: string; payload: Record<string, unknown> }[]>(
        'SELECT type, sequence, payload FROM outbox WHERE aggregateid = $1 ORDER BY position',
        [id],
      );
      return rows.map(({ type, sequence, payload }) => ({ type, sequence: Number(sequence), data: payload }));
    },
    stop: () => app.close(),
  };
}
