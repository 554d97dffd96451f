import { randomUUID } from 'node:crypto';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  Bearer,
  type BearerIdentity,
  type ClientView,
  Clients,
  ConnectionDirectory,
  type ConnectionView,
  IntakeKeys,
  type OwnApi,
  People,
  type PersonView,
  type PresentedToken,
  SignIn,
  TokenVault,
} from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { httpAdapter, prepareHttp, PublicUrl } from '@strongroom/http';
import { createLogger, LOGGER } from '@strongroom/observability';
import { migrate } from '@strongroom/persistence';
import { Catalogue } from '@strongroom/providers';
import { DataSource } from 'typeorm';
import { connectedAccountsDatabase, ConnectedAccountsModule } from '../src/index.js';
import { challengeOf, newId, newSecret } from '../src/connect/secrets.js';
import { SweepConnectSessions } from '../src/connect/sweep-connect-sessions.js';
import { CountingVault } from './counting-vault.js';

export const APP = 'https://app.example.com/done';
const ALL_SCOPES = [
  'create:me:connected_accounts',
  'read:me:connected_accounts',
  'delete:me:connected_accounts',
  'update:me:connected_accounts',
  'read:users',
  'update:users',
];

/** Another context's answers, written by hand: what identity would say of tokens. */
class BearerStandIn extends Bearer {
  readonly tokens = new Map<string, BearerIdentity & { api: OwnApi }>();

  check(api: OwnApi, token: PresentedToken): Promise<BearerIdentity> {
    const found = this.tokens.get(token.authorization ?? '');
    const isGood = found && found.api === api && (api === 'management' || found.personId !== null);
    return isGood
      ? Promise.resolve(found)
      : Promise.reject(new VaultError('Invalid token', { code: 'invalid_token', status: 401 }));
  }
}

class ClientsStandIn extends Clients {
  readonly all = new Map<string, ClientView>();
  get(clientId: string): Promise<ClientView | null> {
    return Promise.resolve(this.all.get(clientId) ?? null);
  }
  setup = () => Promise.resolve(null);
  isWebOrigin(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

class PeopleStandIn extends People {
  readonly all = new Map<string, PersonView>();
  get(personId: string): Promise<PersonView | null> {
    return Promise.resolve(this.all.get(personId) ?? null);
  }
  byUserId(userId: string): Promise<PersonView | null> {
    return Promise.resolve([...this.all.values()].find((person) => person.userId === userId) ?? null);
  }
}

/** Codes of the internal client, each bound to the challenge it was asked with and good once. */
class SignInStandIn extends SignIn {
  private readonly codes = new Map<string, { person: PersonView; challenge: string }>();

  authorize(url: string, person: PersonView): string {
    const query = new URL(url).searchParams;
    if (query.get('client_id') !== 'strongroom-connect' || query.get('code_challenge_method') !== 'S256')
      throw new Error('not a sign-in of the connect flow');
    if (query.has('prompt') || query.has('login_hint')) throw new Error('the sign-in must be an ordinary one');
    const code = newSecret();
    this.codes.set(code, { person, challenge: query.get('code_challenge')! });
    return `${query.get('redirect_uri')}?code=${code}&state=${encodeURIComponent(query.get('state')!)}`;
  }

  redeem(code: string, codeVerifier: string): Promise<{ personId: string; userId: string }> {
    const found = this.codes.get(code);
    this.codes.delete(code);
    return found && challengeOf(codeVerifier) === found.challenge
      ? Promise.resolve(found.person)
      : Promise.reject(new VaultError('the code is not valid', { code: 'invalid_grant', status: 400 }));
  }
}

class DirectoryStandIn extends ConnectionDirectory {
  readonly all = new Map<string, ConnectionView & { clients: Set<string> }>();
  /** Its service does not answer. */
  isAway = false;

  byName(name: string, clientId: string | null): Promise<ConnectionView | null> {
    return this.view([...this.all.values()].find((connection) => connection.name === name)?.connectionId, clientId);
  }
  byId(connectionId: string, clientId: string | null): Promise<ConnectionView | null> {
    return this.view(connectionId, clientId);
  }
  async ofClient(clientId: string): Promise<ConnectionView[]> {
    const all = await Promise.all([...this.all.keys()].map((id) => this.view(id, clientId)));
    return all.filter((view) => view?.enabledForClient).map((view) => view!);
  }
  credentials(): Promise<never> {
    return Promise.reject(new Error('credentials are for tokensets only'));
  }
  deleted(): Promise<never> {
    return Promise.reject(new Error('deleted connections are for tokensets only'));
  }
  private view(id: string | undefined, clientId: string | null): Promise<ConnectionView | null> {
    if (this.isAway)
      return Promise.reject(new VaultError('away', { code: 'temporarily_unavailable', status: 503, retryAfter: 2 }));
    const found = id === undefined ? undefined : this.all.get(id);
    return Promise.resolve(
      found ? { ...found, enabledForClient: clientId !== null && found.clients.has(clientId) } : null,
    );
  }
}

export interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  json: () => Record<string, unknown>;
  location: string;
}

/** The whole context behind HTTP on a real Postgres; the other contexts are stand-ins of their ports. */
export class Bench {
  readonly bearer = new BearerStandIn();
  readonly clients = new ClientsStandIn();
  readonly people = new PeopleStandIn();
  readonly signIn = new SignInStandIn();
  readonly directory = new DirectoryStandIn();
  readonly vault = new CountingVault();
  readonly said: string[] = [];
  /** Every route there is, as `METHOD /path`. */
  readonly routes: string[] = [];
  readonly publicUrl: PublicUrl;
  private readonly catalogue: Catalogue;
  databaseUrl!: string;
  app!: NestFastifyApplication;
  database!: DataSource;

  constructor({ publicUrl = 'https://vault.example.com', catalogue = Catalogue.shipped() } = {}) {
    this.publicUrl = new PublicUrl(publicUrl);
    this.catalogue = catalogue;
  }

  async start(databaseUrl: string): Promise<void> {
    this.databaseUrl = databaseUrl;
    await migrate(connectedAccountsDatabase(databaseUrl));
    const logger = createLogger('info', { write: (line: string) => void this.said.push(line) });
    const server = { logger, isHttps: this.publicUrl.isHttps };
    this.app = await NestFactory.create<NestFastifyApplication>(this.module(databaseUrl, logger), httpAdapter(server), {
      bodyParser: false,
      logger: false,
    });
    prepareHttp(this.app, server);
    const fastify = this.app.getHttpAdapter().getInstance();
    fastify.addHook(
      'onRoute',
      ({ method, url }) => void this.routes.push(...[method].flat().map((one) => `${one} ${url}`)),
    );
    await this.app.init();
    await fastify.ready();
    this.database = this.app.get(DataSource, { strict: false });
  }

  private module(databaseUrl: string, logger: unknown): DynamicModule {
    const ports = [
      { provide: Bearer, useValue: this.bearer },
      { provide: Clients, useValue: this.clients },
      { provide: People, useValue: this.people },
      { provide: SignIn, useValue: this.signIn },
      { provide: ConnectionDirectory, useValue: this.directory },
      { provide: TokenVault, useValue: this.vault },
      { provide: IntakeKeys, useValue: this.vault.intakeKeys },
      { provide: PublicUrl, useValue: this.publicUrl },
      { provide: Catalogue, useValue: this.catalogue },
      { provide: LOGGER, useValue: logger },
    ];
    return {
      module: Root,
      imports: [
        { module: Ports, providers: ports, exports: ports.map(({ provide }) => provide) },
        ConnectedAccountsModule.forRoot({ databaseUrl }),
      ],
    };
  }

  person(name: string): PersonView {
    const person = { personId: randomUUID(), userId: `auth0|${newId('')}`, displayName: name, blocked: false };
    this.people.all.set(person.personId, person);
    return person;
  }

  client(change: Partial<ClientView> = {}): ClientView {
    const clientId = newId('client-');
    const client = { clientId, name: 'Calendar Helper', appType: 'regular_web', firstParty: true, callbacks: [APP] };
    this.clients.all.set(clientId, { ...client, ...change });
    return this.clients.all.get(clientId)!;
  }

  connection(client: ClientView, change: Partial<ConnectionView> = {}): ConnectionView & { clients: Set<string> } {
    const connectionId = newId('con_');
    const connection = {
      connectionId,
      name: newId('provider-').toLowerCase(),
      displayName: 'Sim Mail',
      strategy: 'oauth2',
      vaultActive: true,
      loginActive: false,
      fillsAtSignIn: false,
      allowMissingUserId: false,
      enabledForClient: false,
      options: {
        client_id: 'our-id',
        authorizationURL: 'https://provider.example.net/authorize',
        tokenURL: 'https://provider.example.net/token',
        scope: 'mail.read',
        useOauthSpecScope: true,
      },
      metadata: null,
      tokenOrigin: 'https://provider.example.net',
      clients: new Set([client.clientId]),
      ...change,
    };
    this.directory.all.set(connectionId, connection);
    return connection;
  }

  /** An `Authorization` header for this person and client. */
  token(
    person: PersonView | null,
    client: ClientView,
    {
      api = 'my-account',
      scopes = ALL_SCOPES,
      jkt = null,
    }: { api?: OwnApi; scopes?: string[]; jkt?: string | null } = {},
  ): string {
    const authorization = `Bearer cnry_${newSecret()}`;
    const { personId = null, userId = null } = person ?? {};
    this.bearer.tokens.set(authorization, {
      api,
      personId,
      userId,
      clientId: client.clientId,
      scopes,
      sessionId: null,
      jkt,
    });
    return authorization;
  }

  async send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'PATCH',
    url: string,
    { headers = {}, body }: { headers?: Record<string, string>; body?: string } = {},
  ): Promise<HttpAnswer> {
    const answer = await this.app.inject({
      method,
      url: url.replace(this.publicUrl.origin, ''),
      headers,
      ...(body === undefined ? {} : { payload: body }),
    });
    return {
      status: answer.statusCode,
      headers: answer.headers as HttpAnswer['headers'],
      body: answer.body,
      json: () => answer.json<Record<string, unknown>>(),
      location: String(answer.headers['location'] ?? ''),
    };
  }

  /** A JSON request to one of our own APIs. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH',
    path: string,
    token: string,
    body?: unknown,
  ): Promise<HttpAnswer> {
    return this.send(method, path, {
      headers: { authorization: token, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Events that were said of this thing: short names with their data, in order. */
  async eventsOf(id: string): Promise<{ type: string; sequence: number; data: Record<string, unknown> }[]> {
    const rows = await this.database.query<{ type: string; sequence: string; payload: Record<string, unknown> }[]>(
      'SELECT type, sequence, payload FROM outbox WHERE aggregateid = $1 ORDER BY position',
      [id],
    );
    return rows.map(({ type, sequence, payload }) => ({
      type: type.replace(/^strongroom\.|\.v1$/g, ''),
      sequence: Number(sequence),
      data: payload,
    }));
  }

  async session(id: string): Promise<Record<string, unknown>> {
    const [row] = await this.database.query<Record<string, unknown>[]>('SELECT * FROM connect_sessions WHERE id = $1', [
      id,
    ]);
    return row!;
  }

  /** What happens every five seconds. */
  sweep(): Promise<void> {
    return this.app.get(SweepConnectSessions, { strict: false }).sweep();
  }

  async stop(): Promise<void> {
    // A start that failed has its own error, which this must not hide.
    await this.app?.close();
  }
}

@Global()
@Module({})
class Ports {}

@Module({})
class Root {}
