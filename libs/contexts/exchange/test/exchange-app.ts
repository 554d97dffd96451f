import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Clients, type Subject } from '@strongroom/contracts';
import { httpAdapter, prepareHttp, serveCors, WebOrigins } from '@strongroom/http';
import { createLogger } from '@strongroom/observability';
import { migrate } from '@strongroom/persistence';
import { ownDatabase, testPostgres } from '@strongroom/testing';
import pg from 'pg';
import { exchangeDatabase } from '../src/exchange.database.js';
import { ExchangeModule } from '../src/exchange.module.js';
import { VAULT_GRANT } from '../src/exchange.request.js';
import { AskedVault, Ports, SaidConnections, SaidSubjects } from './said-ports.js';

/** The one proxy that is believed. */
export const EDGE = '10.0.0.1';
export const ALICE = { personId: '11111111-1111-4111-8111-111111111111', userId: 'auth0|alice', clientId: 'app' };

export interface Answered {
  access_token?: string;
  scope?: string;
  error?: string;
  error_description?: string;
  description?: string;
  error_details?: Record<string, unknown>;
}

interface Row {
  type: string;
  payload: Record<string, unknown>;
}

export class ExchangeApp {
  private serial = 0;

  constructor(
    readonly nest: NestFastifyApplication,
    readonly subjects: SaidSubjects,
    readonly directory: SaidConnections,
    readonly vault: AskedVault,
    /** For what the app itself does not do to its tables. */
    readonly owner: pg.Client,
    /** Ends with it. */
    private readonly postgres: { stop(): Promise<void> },
  ) {}

  /** Nothing recorded, nothing asked, nothing refused, as before the first test. */
  async clear(): Promise<void> {
    await this.owner.query('DELETE FROM exchange.outbox');
    this.vault.asked = [];
    this.vault.isFresh = true;
    this.vault.canNarrow = false;
    this.vault.refusal = this.subjects.refusal = undefined;
  }

  async stop(): Promise<void> {
    await this.nest.close();
    await this.owner.end();
    await this.postgres.stop();
  }

  /** A new subject token of somebody. */
  tokenOf(subject: Subject): string {
    const token = `cnry_rt_${(this.serial += 1)}`;
    this.subjects.people.set(token, subject);
    return token;
  }

  async exchange(
    subjectToken: string,
    more: Record<string, string> = {},
    { remoteAddress = '127.0.0.1', headers = {} }: { remoteAddress?: string; headers?: Record<string, string> } = {},
  ) {
    const answer = await this.nest.inject({
      ...{ method: 'POST', url: '/oauth/token', remoteAddress },
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams({
        grant_type: VAULT_GRANT,
        subject_token: subjectToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
        requested_token_type: 'http://auth0.com/oauth/token-type/federated-connection-access-token',
        connection: 'acme',
        ...more,
      }).toString(),
    });
    return { status: answer.statusCode, headers: answer.headers, text: answer.body, body: answer.json<Answered>() };
  }

  /** What the audit will hear, oldest first. */
  async rows(): Promise<Row[]> {
    return (await this.owner.query<Row>('SELECT type, payload FROM exchange.outbox ORDER BY position')).rows;
  }
}

/** The exchange as an app has it, in a database of its own, with the answers of the other contexts said by the test. */
export async function startExchange(): Promise<ExchangeApp> {
  const postgres = await testPostgres();
  const databaseUrl = await ownDatabase(postgres.url, 'exchange');
  await migrate(exchangeDatabase(databaseUrl));
  const owner = new pg.Client({ connectionString: databaseUrl });
  await owner.connect();
  const [subjects, directory, vault] = [new SaidSubjects(), new SaidConnections(), new AskedVault()];
  const options = {
    ...{ logger: createLogger('silent'), isHttps: true },
    ...{ certificateHeader: 'Client-Cert', trustedProxies: [EDGE] },
  };
  @Module({ imports: [Ports.of({ subjects, directory, vault }), ExchangeModule.forRoot({ databaseUrl })] })
  class App {}
  const app = await NestFactory.create<NestFastifyApplication>(App, httpAdapter(options), {
    bodyParser: false,
    logger: false,
  });
  prepareHttp(app, options);
  serveCors(app, new WebOrigins(app.get(Clients)));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return new ExchangeApp(app, subjects, directory, vault, owner, postgres);
}
