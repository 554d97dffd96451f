import { randomUUID } from 'node:crypto';
import { Global, Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Bearer,
  type BearerIdentity,
  ConnectionDirectory,
  type ConnectionView,
  IntakeKeys,
  People,
  type PersonView,
  type RedeemRequest,
  TokenVault,
  type WantedToken,
} from '@strongroom/contracts';
import { ConfiguredMasterKeys, sealBox } from '@strongroom/crypto';
import { Egress } from '@strongroom/egress';
import { httpAdapter, prepareHttp, PublicUrl } from '@strongroom/http';
import { createLogger, LOGGER, Metrics } from '@strongroom/observability';
import { Catalogue } from '@strongroom/providers';
import { migrate } from '@strongroom/persistence';
import { testPostgres, type TestService } from '@strongroom/testing';
import pg from 'pg';
import { RecoverySweeper } from '../src/refresh/recovery-sweeper.js';
import { RefreshLimits } from '../src/limits/refresh-limits.js';
import { tokensetsDatabase } from '../src/tokensets.database.js';
import { TokensetsModule } from '../src/tokensets.module.js';
import type { TokensetsOptions } from '../src/tokensets.options.js';
import { Provider } from './provider.js';

/** The connections context's answers, as rows of a map. */
export class Directory extends ConnectionDirectory {
  readonly views = new Map<string, ConnectionView>();
  readonly gone = new Map<string, ConnectionView>();
  readonly secrets = new Map<string, string>();

  override byName(name: string): Promise<ConnectionView | null> {
    return Promise.resolve([...this.views.values()].find((view) => view.name === name) ?? null);
  }

  override byId(connectionId: string): Promise<ConnectionView | null> {
    return Promise.resolve(this.views.get(connectionId) ?? null);
  }

  override ofClient(): Promise<ConnectionView[]> {
    return Promise.resolve([...this.views.values()]);
  }

  override credentials(connectionId: string) {
    return Promise.resolve({ clientId: 'upstream-client', secretBox: this.secrets.get(connectionId) ?? null });
  }

  override deleted(connectionId: string) {
    const connection = this.gone.get(connectionId);
    return Promise.resolve(connection ? { connection, secretBox: this.secrets.get(connectionId) ?? null } : null);
  }

  /** An administrator deletes it. */
  remove(connectionId: string): void {
    this.gone.set(connectionId, this.views.get(connectionId)!);
    this.views.delete(connectionId);
  }
}

export class Persons extends People {
  readonly known = new Map<string, PersonView>();

  override get(personId: string): Promise<PersonView | null> {
    return Promise.resolve(this.known.get(personId) ?? null);
  }

  override byUserId(userId: string): Promise<PersonView | null> {
    return Promise.resolve([...this.known.values()].find((person) => person.userId === userId) ?? null);
  }
}

class AnyBearer extends Bearer {
  override check(_api: string, { authorization }: { authorization: string | null }): Promise<BearerIdentity> {
    const scopes = (authorization ?? '').replace('Bearer ', '').split(' ');
    return Promise.resolve({ personId: null, userId: null, clientId: 'm2m', scopes, sessionId: null, jkt: null });
  }
}

export interface Row {
  id: string;
  key_id: string;
  status: string;
  reason: string | null;
  cred_version: number;
  event_version: number;
  access_sealed: Buffer | null;
  refresh_sealed: Buffer | null;
  failures: number;
  lease_until: Date | null;
  next_attempt_at: Date | null;
  token_origin: string;
  provider_issuer: string;
  provider_subject: string;
  provider_params: Record<string, string>;
  extras: Record<string, unknown>;
}

const MASTER_KEYS = ConfiguredMasterKeys.generate('test');
const logger = createLogger(process.env['STRONGROOM_TEST_LOG'] ?? 'silent');

/** The context as an app runs it, on a real database, with one real provider. */
export class Bench {
  readonly directory = new Directory();
  readonly people = new Persons();
  app!: INestApplicationContext & NestFastifyApplication;
  private options: Partial<TokensetsOptions> = {};
  private monotonicAhead = 0;
  /** What the app is given at the next start. */
  egress = new Egress({ allow: ['http://127.0.0.1:*'] });
  catalogue = Catalogue.shipped();

  private constructor(
    private readonly postgres: TestService,
    readonly provider: Provider,
    readonly sql: pg.Pool,
  ) {}

  static async start(
    options: Partial<TokensetsOptions> = {},
    world: Partial<Pick<Bench, 'egress' | 'catalogue'>> = {},
  ): Promise<Bench> {
    const postgres = await testPostgres();
    await migrate(tokensetsDatabase(postgres.url));
    const sql = new pg.Pool({ connectionString: postgres.url, options: '-c search_path=tokensets', max: 3 });
    sql.on('error', () => undefined);
    const bench = new Bench(postgres, await Provider.start(), sql);
    Object.assign(bench, world);
    await bench.boot(options);
    return bench;
  }

  /** Another start of the process on the same database. */
  async boot(options: Partial<TokensetsOptions> = this.options): Promise<void> {
    this.options = options;
    const module = await Test.createTestingModule({ imports: [this.ports(), this.context(options)] }).compile();
    const server = { logger, isHttps: false };
    const app = module.createNestApplication<NestFastifyApplication>(httpAdapter(server), { bodyParser: false });
    prepareHttp(app, server);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    this.app = app;
    // A test says when; otherwise one would see what another left behind.
    await app.get(RecoverySweeper).stop();
  }

  /** One sweep, and the end of all that it has begun. */
  async sweep(): Promise<void> {
    const sweeper = this.app.get(RecoverySweeper);
    await sweeper.sweep();
    await sweeper.idle();
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.provider.stop();
    await this.sql.end();
    await this.postgres.stop();
  }

  get vault(): TokenVault {
    return this.app.get(TokenVault);
  }

  /** What somebody would scrape from this process. */
  metrics(): Promise<string> {
    return this.app.get(Metrics).text();
  }

  /** An `oauth2` connection to the provider; `settings` as under `provider_settings`. */
  async connection(settings: Record<string, unknown> = {}, more: Partial<ConnectionView> = {}): Promise<string> {
    const connectionId = `con_${randomUUID().replaceAll('-', '')}`;
    const { url } = this.provider;
    this.directory.views.set(connectionId, {
      connectionId,
      name: `tool-${connectionId.slice(4, 12)}`,
      displayName: 'Tool',
      strategy: 'oauth2',
      vaultActive: true,
      loginActive: false,
      fillsAtSignIn: false,
      allowMissingUserId: false,
      enabledForClient: true,
      options: {
        client_id: 'upstream-client',
        authorizationURL: `${url}/authorize`,
        tokenURL: `${url}/token`,
        scope: 'read write',
        useOauthSpecScope: true,
        provider_settings: {
          identity: {
            request: { method: 'GET', url: `${url}/me` },
            subject: ['request#/sub'],
            email: ['request#/email'],
            label: ['request#/email'],
          },
          ...settings,
        },
      },
      metadata: null,
      tokenOrigin: url,
      ...more,
    });
    await this.secret(connectionId, 'cnry_client_secret');
    return connectionId;
  }

  /** What the administrator has entered. */
  async secret(connectionId: string, text: string): Promise<void> {
    const intake = await this.app.get(IntakeKeys).current();
    const owner = { connectionId, ownerId: connectionId };
    const field = { purpose: 'connection-credential', ...owner, field: 'client_secret' } as const;
    this.directory.secrets.set(connectionId, await sealBox(intake, field, text));
  }

  person(): string {
    const personId = randomUUID();
    this.people.known.set(personId, { personId, userId: `auth0|${personId}`, displayName: 'Ann', blocked: false });
    return personId;
  }

  async redeemRequest(
    personId: string,
    connectionId: string,
    more: Partial<RedeemRequest> = {},
  ): Promise<RedeemRequest> {
    const sessionId = `cs_${randomUUID().replaceAll('-', '')}`;
    const intake = await this.app.get(IntakeKeys).current();
    const box = (purpose: 'provider-code' | 'pkce-verifier', field: string, text: string) =>
      sealBox(intake, { purpose, connectionId, ownerId: sessionId, field }, text);
    return {
      sessionId,
      personId,
      userId: `auth0|${personId}`,
      clientId: 'app',
      connectionId,
      codeBox: await box('provider-code', 'code', 'cnry_code'),
      verifierBox: await box('pkce-verifier', 'verifier', 'cnry_verifier'),
      redirectUri: 'https://vault.example.com/connect/callback/tool',
      nonce: null,
      scopesAsked: ['read', 'write'],
      captured: {},
      params: {},
      queryBox: null,
      codeReceiver: null,
      pinnedAccountId: null,
      ...more,
    };
  }

  /** A person with an account on a new connection. */
  async connected(settings: Record<string, unknown> = {}, more: Partial<ConnectionView> = {}) {
    const connectionId = await this.connection(settings, more);
    const personId = this.person();
    this.provider.subject = `upstream-${randomUUID()}`;
    const redeemed = await this.vault.redeem(await this.redeemRequest(personId, connectionId));
    return { personId, connectionId, tokensetId: redeemed.tokensetId, accountId: redeemed.accountId };
  }

  wanted(of: { personId: string; connectionId: string }, more: Partial<WantedToken> = {}): WantedToken {
    const { personId, connectionId } = of;
    const rest = { clientId: 'app', hint: null, scopes: null, minimumSeconds: null, mayRefresh: true };
    return { personId, connectionId, ...rest, ...more };
  }

  token(of: { personId: string; connectionId: string }, more: Partial<WantedToken> = {}) {
    return this.vault.accessToken(this.wanted(of, more));
  }

  async expire({ tokensetId }: { tokensetId: string }, secondsAgo = 1): Promise<void> {
    await this.sql.query(
      `UPDATE tokensets SET access_issued_at = clock_timestamp() - interval '2 hours',
         access_expires_at = clock_timestamp() - make_interval(secs => $2) WHERE id = $1`,
      [tokensetId, secondsAgo],
    );
  }

  /** The wait after failures is over. */
  async cooled({ tokensetId }: { tokensetId: string }): Promise<void> {
    await this.sql.query(`UPDATE refresh_attempts SET sent_at = sent_at - interval '2 hours' WHERE tokenset_id = $1`, [
      tokensetId,
    ]);
    await this.sql.query('UPDATE tokensets SET next_attempt_at = NULL WHERE id = $1', [tokensetId]);
    this.later();
  }

  /** Twenty minutes on for the breakers. */
  later(): void {
    this.monotonicAhead += 1_200_000;
    this.app.get(RefreshLimits).now = () => performance.now() + this.monotonicAhead;
  }

  async row({ tokensetId }: { tokensetId: string }): Promise<Row | undefined> {
    return (await this.sql.query<Row>('SELECT * FROM tokensets WHERE id = $1', [tokensetId])).rows[0];
  }

  async attempts({
    tokensetId,
  }: {
    tokensetId: string;
  }): Promise<{ state: string; base_version: number; class: string }[]> {
    const text = 'SELECT state, base_version, class FROM refresh_attempts WHERE tokenset_id = $1 ORDER BY sent_at';
    return (await this.sql.query<{ state: string; base_version: number; class: string }>(text, [tokensetId])).rows;
  }

  /** What the context said of a tokenset, in order. */
  async events({
    tokensetId,
  }: {
    tokensetId: string;
  }): Promise<{ type: string; sequence: number; data: Record<string, unknown> }[]> {
    const { rows } = await this.sql.query<{ type: string; sequence: string; payload: Record<string, unknown> }>(
      'SELECT type, sequence, payload FROM outbox WHERE aggregateid = $1 ORDER BY position',
      [tokensetId],
    );
    return rows.map(({ type, sequence, payload }) => ({ type, sequence: Number(sequence), data: payload }));
  }

  private context(options: Partial<TokensetsOptions>): DynamicModule {
    return TokensetsModule.forRoot({
      databaseUrl: this.postgres.url,
      masterKeys: ConfiguredMasterKeys.parse(MASTER_KEYS),
      ...options,
    });
  }

  private ports(): DynamicModule {
    const providers = [
      { provide: ConnectionDirectory, useValue: this.directory },
      { provide: People, useValue: this.people },
      { provide: Bearer, useClass: AnyBearer },
      { provide: Egress, useValue: this.egress },
      { provide: Catalogue, useValue: this.catalogue },
      { provide: PublicUrl, useValue: new PublicUrl('https://vault.example.com') },
      { provide: LOGGER, useValue: logger },
      { provide: Metrics, useFactory: () => new Metrics() },
    ];
    return { module: Ports, providers, exports: providers.map(({ provide }) => provide) };
  }
}

@Global()
@Module({})
class Ports {}

/** What a call is refused with. */
export const refusal = async (call: Promise<unknown>) => {
  const answer = await call.then(
    () => undefined,
    (error: unknown) => error as { code: string; status: number; message: string; details?: Record<string, unknown> },
  );
  if (!answer) throw new Error('the call was not refused');
  return answer;
};
