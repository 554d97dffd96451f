import { createHash, randomBytes } from 'node:crypto';
import { Global, Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  Bearer,
  ConnectionDirectory,
  ConnectionListing,
  SignIn,
  SubjectTokens,
  type SubjectRequest,
} from '@strongroom/contracts';
import type { MasterKeys } from '@strongroom/crypto';
import { httpAdapter, type HttpServerOptions, OtherGrants, prepareHttp, PublicUrl, rawBody } from '@strongroom/http';
import { Counters, InProcessCounters, InProcessReplayStore, ReplayStore } from '@strongroom/locking';
import { createLogger, LOGGER } from '@strongroom/observability';
import { freePort, testPostgres } from '@strongroom/testing';
import type { FastifyInstance } from 'fastify';
import { DataSource } from 'typeorm';
import { IdentityModule, type IdentityOptions } from '../src/identity.module.js';
import { type Answer, FORM, send } from './answers.js';
import { Browser } from './browser.js';
import { emptyDatabase, masterKeys, SaidConnections, SaidListing, START } from './registry-app.js';

export const VAULT_GRANT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token';
export const CALLBACK = 'https://app.example.com/callback';
export const PASSWORD = 'cnry_password_of_the_tests';
/** Settings of a client whose refresh tokens each work once. */
export const ROTATING = {
  refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', leeway: 0, token_lifetime: 3600 },
};

/** Stands where the exchange stands: hands every body on as it came. */
@Injectable()
class TokenRoute implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly grants: OtherGrants,
  ) {}

  onModuleInit(): void {
    const fastify: FastifyInstance = this.host.httpAdapter.getInstance();
    fastify.post('/oauth/token', async (request, reply) => {
      reply.hijack();
      await this.grants.answer(request.raw, reply.raw, rawBody(request));
    });
  }
}

export interface Signed {
  /** Everything that came back in the redirect. */
  params: URLSearchParams;
  verifier: string;
}

export class AuthorizationApp {
  private management = '';

  constructor(
    readonly app: NestFastifyApplication,
    readonly origin: string,
    readonly database: DataSource,
    /** Ends with it. */
    private readonly ownPostgres?: { stop(): Promise<void> },
  ) {}

  get subjects(): SubjectTokens {
    return this.app.get(SubjectTokens, { strict: false });
  }

  get bearer(): Bearer {
    return this.app.get(Bearer, { strict: false });
  }

  get signIn(): SignIn {
    return this.app.get(SignIn, { strict: false });
  }

  /** @param stopsAt a path of ours that counts as outside */
  browser(stopsAt = ''): Browser {
    return new Browser(this, stopsAt);
  }

  async stop(): Promise<void> {
    await this.app.close();
    await this.ownPostgres?.stop();
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return send(this.app, 'GET', path, headers);
  }

  post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return send(this.app, 'POST', path, { ...FORM, ...headers }, new URLSearchParams(form).toString());
  }

  token(form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.post('/oauth/token', form, headers);
  }

  json(path: string, body: unknown, headers: Record<string, string> = {}, method = 'POST'): Promise<Answer> {
    if (body === undefined) return send(this.app, method, path, headers);
    return send(this.app, method, path, { 'content-type': 'application/json', ...headers }, JSON.stringify(body));
  }

  /** The Management API, with a token that was really fetched. */
  async manage(method: string, path: string, body?: unknown): Promise<Answer> {
    if (!this.management) {
      const { clientId, clientSecret } = START.managementClient;
      const answer = await this.token({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        audience: `${this.origin}/api/v2/`,
      });
      this.management = answer.body['access_token'] as string;
    }
    return this.json(`/api/v2${path}`, body, { authorization: `Bearer ${this.management}` }, method);
  }

  async client(settings: Record<string, unknown> = {}): Promise<{ client_id: string; client_secret: string }> {
    const { status, body, text } = await this.manage('POST', '/clients', {
      name: 'An app',
      app_type: 'regular_web',
      oidc_conformant: true,
      callbacks: [CALLBACK],
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials', VAULT_GRANT],
      refresh_token: {
        rotation_type: 'non-rotating',
        expiration_type: 'non-expiring',
        policies: [
          { audience: `${this.origin}/me/`, scope: ['create:me:connected_accounts', 'read:me:connected_accounts'] },
        ],
      },
      ...settings,
    });
    if (status !== 201) throw new Error(text);
    return body as { client_id: string; client_secret: string };
  }

  /** What My Account demands of a client before people get tokens for it. */
  async userGrant(client: { client_id: string }, audience = `${this.origin}/me/`): Promise<Answer> {
    return this.manage('POST', '/client-grants', {
      client_id: client.client_id,
      audience,
      scope: ['create:me:connected_accounts', 'read:me:connected_accounts', 'delete:me:connected_accounts'],
      subject_type: 'user',
    });
  }

  /** An API of somebody's, and the client that exchanges for it. */
  async api(identifier: string, settings: Record<string, unknown> = {}) {
    const { status, text } = await this.manage('POST', '/resource-servers', {
      identifier,
      name: 'An API',
      scopes: [{ value: 'read:things' }, { value: 'write:things' }],
      allow_offline_access: true,
      skip_consent_for_verifiable_first_party_clients: true,
      ...settings,
    });
    if (status !== 201) throw new Error(text);
    return this.client({ app_type: 'resource_server', resource_server_identifier: identifier, callbacks: [] });
  }

  async person(email: string): Promise<{ user_id: string; email: string }> {
    const { status, body, text } = await this.manage('POST', '/users', {
      connection: 'Username-Password-Authentication',
      email,
      password: PASSWORD,
      name: 'A person',
    });
    if (status !== 201) throw new Error(text);
    return body as { user_id: string; email: string };
  }

  /** Signs in through the real pages. */
  async authorize(
    browser: Browser,
    email: string,
    client: { client_id: string },
    params: Record<string, string> = {},
  ): Promise<Signed> {
    const verifier = randomBytes(32).toString('base64url');
    const asked = new URLSearchParams({
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: CALLBACK,
      scope: 'openid profile email offline_access',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...params,
    });
    let page = await browser.open(`/authorize?${asked.toString()}`);
    if (page.path.startsWith('/u/login/')) page = await browser.submit(page, { username: email, password: PASSWORD });
    if (page.path.startsWith('/u/consent/')) page = await browser.submit(page, { action: 'accept' });
    if (!page.left) throw new Error(`stayed on ${page.path}: ${page.text}`);
    const { searchParams } = new URL(page.left);
    if (!searchParams.has('code')) throw new Error(`no code: ${searchParams.toString()}`);
    return { params: searchParams, verifier };
  }

  redeem(
    client: { client_id: string; client_secret: string },
    { params, verifier }: Signed,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.token(
      {
        grant_type: 'authorization_code',
        client_id: client.client_id,
        client_secret: client.client_secret,
        code: params.get('code')!,
        redirect_uri: CALLBACK,
        code_verifier: verifier,
      },
      headers,
    );
  }

  /** Signed in and redeemed, in a browser of its own. */
  async tokens(
    email: string,
    client: { client_id: string; client_secret: string },
    params: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<{ access_token: string; refresh_token: string; id_token: string; scope: string }> {
    const signed = await this.authorize(this.browser(), email, client, params);
    const answer = await this.redeem(client, signed, headers);
    if (answer.status !== 200) throw new Error(answer.text);
    return answer.body as { access_token: string; refresh_token: string; id_token: string; scope: string };
  }

  refresh(
    client: { client_id: string; client_secret: string },
    refreshToken: string,
    more: Record<string, string> = {},
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return this.token(
      {
        grant_type: 'refresh_token',
        client_id: client.client_id,
        client_secret: client.client_secret,
        refresh_token: refreshToken,
        ...more,
      },
      headers,
    );
  }

  subject(
    subjectToken: string,
    client: Partial<{ client_id: string; client_secret: string }>,
    more: Partial<SubjectRequest> = {},
  ): SubjectRequest {
    return {
      grantType: VAULT_GRANT,
      subjectToken,
      subjectTokenType: 'refresh_token',
      authorization: null,
      clientId: client.client_id ?? null,
      clientSecret: client.client_secret ?? null,
      clientAssertion: null,
      clientAssertionType: null,
      dpop: null,
      ip: null,
      certificate: null,
      ...more,
    };
  }
}

/** As in a process that started long before the proofs of a test: one that just did refuses those of its first second. */
function replaysOfAnHour(): ReplayStore {
  let clock = () => Date.now() - 3_600_000;
  const store = new InProcessReplayStore(() => clock());
  clock = Date.now;
  return store;
}

export interface IdentityWishes {
  replays?: ReplayStore;
  requireDpopNonce?: boolean;
  settings?: Pick<IdentityOptions, 'clientCertificates' | 'authFailures'>;
  listener?: Partial<HttpServerOptions>;
}

/** `startAuthorization` on an empty database of its own, which ends with it. */
export async function startIdentity(
  keys?: MasterKeys,
  publicUrl?: string,
  wishes?: IdentityWishes,
): Promise<AuthorizationApp> {
  const postgres = await testPostgres();
  const { app, origin, database } = await startAuthorization(
    await emptyDatabase(postgres.url),
    keys,
    publicUrl,
    wishes,
  );
  return new AuthorizationApp(app, origin, database, postgres);
}

/** The whole identity context on a port, as an app has it. */
export async function startAuthorization(
  databaseUrl: string,
  keys: MasterKeys = masterKeys(),
  /** Where an edge would serve it; absent: the port itself. */
  publicUrl?: string,
  { replays = replaysOfAnHour(), requireDpopNonce = false, settings = {}, listener = {} }: IdentityWishes = {},
): Promise<AuthorizationApp> {
  const port = await freePort();
  const origin = publicUrl ?? `http://127.0.0.1:${port}`;
  const logger = createLogger('error');
  const common = [
    { provide: PublicUrl, useValue: new PublicUrl(origin) },
    { provide: LOGGER, useValue: logger },
    { provide: ConnectionDirectory, useValue: new SaidConnections() },
    { provide: ConnectionListing, useValue: new SaidListing() },
    { provide: Counters, useValue: new InProcessCounters() },
    { provide: ReplayStore, useValue: replays },
  ];
  const { managementClient, administrator } = START;
  const identity = IdentityModule.forRoot({
    databaseUrl,
    masterKeys: keys,
    managementClient,
    administrator,
    requireDpopNonce,
    ...settings,
  });

  @Global()
  @Module({
    imports: [identity],
    providers: [...common, TokenRoute],
    exports: [...common.map(({ provide }) => provide), identity],
  })
  class Whole {}

  const server = { logger, isHttps: false, ...listener };
  const built = await Test.createTestingModule({ imports: [Whole] }).compile();
  const app = built.createNestApplication<NestFastifyApplication>(httpAdapter(server), {
    bodyParser: false,
    logger: false,
  });
  prepareHttp(app, server);
  await app.listen(port, '127.0.0.1');
  return new AuthorizationApp(app, origin, app.get(DataSource, { strict: false }));
}
