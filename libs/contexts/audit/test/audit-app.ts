import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Bearer, type BearerIdentity, Clients, ConnectionDirectory } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { httpAdapter, prepareHttp, PublicUrl } from '@strongroom/http';
import {
  busDatabase,
  InProcessMessaging,
  InProcessMessagingModule,
  messagingMigrations,
  MessagingModule,
  Outbox,
  type OutboxEntry,
} from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import { type ContextDatabase, contextDatabase, DatabaseModule, migrate } from '@strongroom/persistence';
import { ownDatabase, testPostgres } from '@strongroom/testing';
import { DataSource } from 'typeorm';
import { auditDatabase } from '../src/audit.database.js';
import { AuditModule } from '../src/audit.module.js';

/** Schemas of the contexts whose events a test says. */
const SPEAKING = ['exchange', 'connections', 'tokensets', 'connected_accounts', 'identity'];

class OneConnection extends ConnectionDirectory {
  byName = () => Promise.resolve(null);
  byId = async (id: string) => (id === 'con_google' ? ({ name: 'google-oauth2' } as never) : null);
  ofClient = () => Promise.resolve([]);
  credentials = () => Promise.resolve(null);
  deleted = () => Promise.resolve(null);
}

class OneClient extends Clients {
  get = async (id: string) => (id === 'app1' ? ({ name: 'Calendar helper' } as never) : null);
  setup = () => Promise.resolve(null);
  isWebOrigin = () => Promise.resolve(false);
}

/** The token says which scope it has, and whose it is. */
class ScopesAsTold extends Bearer {
  override async check(_api: unknown, token: { authorization: string | null }): Promise<BearerIdentity> {
    if (!token.authorization) throw new VaultError('Missing authentication', { code: 'invalid_token', status: 401 });
    const [scope = '', personId = null] = token.authorization.replace('Bearer ', '').split(' ');
    const scopes = [scope];
    return { personId, userId: null, clientId: 'admin', scopes, sessionId: null, jkt: null };
  }
}

@Global()
@Module({
  providers: [
    { provide: ConnectionDirectory, useClass: OneConnection },
    { provide: Clients, useClass: OneClient },
    { provide: Bearer, useClass: ScopesAsTold },
    { provide: PublicUrl, useValue: new PublicUrl('http://127.0.0.1') },
  ],
  exports: [ConnectionDirectory, Clients, Bearer, PublicUrl],
})
class Ports {}

interface Line {
  n: string;
  event_id: string;
  headers: Record<string, string>;
  data: string;
}

export class AuditApp {
  constructor(
    readonly nest: NestFastifyApplication,
    /** The audit's own tables, as their owner sees them. */
    readonly ledger: DataSource,
    private readonly speakers: Map<string, { database: DataSource; outbox: Outbox }>,
    /** Ends with it. */
    private readonly postgres: { stop(): Promise<void> },
  ) {}

  get messaging(): InProcessMessaging {
    return this.nest.get(InProcessMessaging);
  }

  async stop(): Promise<void> {
    await this.nest.close();
    await this.ledger.destroy();
    for (const { database } of this.speakers.values()) await database.destroy();
    await this.postgres.stop();
  }

  async say(context: string, events: OutboxEntry[]): Promise<void> {
    const { database, outbox } = this.speakers.get(context)!;
    await database.transaction((tx) => outbox.addAll(tx, events));
  }

  /** In the order in which they happened. */
  async happen(...events: [context: string, entry: OutboxEntry][]): Promise<void> {
    for (const [context, entry] of events) {
      await this.say(context, [entry]);
      await this.messaging.settled();
    }
  }

  lines(): Promise<Line[]> {
    return this.ledger.query('SELECT n::text, event_id, headers, data::text FROM ledger ORDER BY ledger.n');
  }

  async read<Body extends object = Record<string, never>>(url: string, scope = 'read:logs') {
    const answer = await this.nest.inject({ url, headers: { authorization: `Bearer ${scope}` } });
    return { status: answer.statusCode, body: answer.json<Body>() };
  }
}

/** The audit as an app has it, in a database of its own, with outboxes of the contexts that it listens to. */
export async function startAudit(): Promise<AuditApp> {
  const postgres = await testPostgres();
  const url = await ownDatabase(postgres.url, 'audit');
  const speaker = (context: string): ContextDatabase => ({
    ...{ url, schema: context },
    ...{ entities: [], migrations: messagingMigrations },
  });
  for (const database of [busDatabase(url), auditDatabase(url), ...SPEAKING.map(speaker)]) await migrate(database);

  const logger = createLogger('silent');
  const policy = { retryAfterMs: [1, 1, 1, 1], waitMs: { least: 1, most: 2 } };
  const module = await Test.createTestingModule({
    imports: [
      Ports,
      InProcessMessagingModule.forRoot({ url, logger, policy }),
      AuditModule.forRoot({ databaseUrl: url }),
      ...SPEAKING.map((context) => speaks(speaker(context))),
    ],
  }).compile();
  const http = { logger, isHttps: false };
  const nest = module.createNestApplication<NestFastifyApplication>(httpAdapter(http), {
    bodyParser: false,
    logger: false,
  });
  prepareHttp(nest, http);
  await nest.get(InProcessMessaging).start(nest);
  await nest.init();
  await nest.getHttpAdapter().getInstance().ready();

  const ledger = await new DataSource(contextDatabase(auditDatabase(url))).initialize();
  const speakers = new Map<string, { database: DataSource; outbox: Outbox }>();
  for (const context of SPEAKING) {
    const database = await new DataSource(contextDatabase(speaker(context))).initialize();
    speakers.set(context, { database, outbox: new Outbox(nameOf(context)) });
  }
  return new AuditApp(nest, ledger, speakers, postgres);
}

const nameOf = (schema: string) => schema.replaceAll('_', '-');

/** A context that has an outbox and nothing else. */
function speaks(database: ContextDatabase) {
  @Module({ imports: [DatabaseModule.forContext(database), MessagingModule.forContext(nameOf(database.schema))] })
  class Speaks {}
  return Speaks;
}
