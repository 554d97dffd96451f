import { randomUUID } from 'node:crypto';
import { Controller, Global, HttpCode, HttpException, Module, Post, Req } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Bearer, type BearerIdentity, connectionUpdated, type WireEvent } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { httpAdapter, prepareHttp, PublicUrl, rawBody } from '@strongroom/http';
import {
  busDatabase,
  type Delivery,
  InProcessMessaging,
  InProcessMessagingModule,
  messagingMigrations,
  MessagingModule,
  OnEvent,
  Outbox,
} from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import { type ContextDatabase, contextDatabase, DatabaseModule, migrate } from '@strongroom/persistence';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';

export const CLIENT = { id: 'mgmt_test', secret: 'cnry_management_client_secret' };
const TOKEN = 'cnry_management_token';

/** A handler that fails until it is mended. */
export const handler = { isBroken: true };

@Controller()
class TokensetsWhenConnectionUpdated {
  @OnEvent(connectionUpdated, 'tokensets')
  async handle(@Payload() _wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    await delivery.transaction(() => (handler.isBroken ? Promise.reject(new TypeError('broken')) : Promise.resolve()));
  }
}

/** As much of `identity` as the operator's commands see. */
@Controller()
class TokenEndpoint {
  @Post('/oauth/token')
  @HttpCode(200)
  token(@Req() request: FastifyRequest): object {
    const form = new URLSearchParams(rawBody(request).toString('utf8'));
    if (form.get('client_id') !== CLIENT.id || form.get('client_secret') !== CLIENT.secret)
      throw new HttpException({ error: 'invalid_client', error_description: 'no such client' }, 401);
    return { access_token: TOKEN, token_type: 'Bearer', expires_in: 3600 };
  }
}
class TokenBearer extends Bearer {
  override check(_api: unknown, token: { authorization: string | null }): Promise<BearerIdentity> {
    if (token.authorization !== `Bearer ${TOKEN}`) throw new VaultError('no', { code: 'invalid_token', status: 401 });
    const scopes = ['read:events', 'update:events'];
    return Promise.resolve({ personId: null, userId: null, clientId: CLIENT.id, scopes, sessionId: null, jkt: null });
  }
}

const logger = createLogger('silent');
const database = (url: string, schema: string): ContextDatabase => ({
  url,
  schema,
  entities: [],
  migrations: messagingMigrations,
});

/** A server that parks, with the real controller in front of it. */
export class ParkingInstallation {
  private constructor(
    private readonly app: NestFastifyApplication,
    private readonly connections: DataSource,
    readonly url: string,
  ) {}

  static async start(postgresUrl: string): Promise<ParkingInstallation> {
    const [connections, tokensets] = [database(postgresUrl, 'connections'), database(postgresUrl, 'tokensets')];
    for (const one of [busDatabase(postgresUrl), connections, tokensets]) await migrate(one);

    @Global()
    @Module({
      controllers: [TokenEndpoint],
      providers: [
        { provide: Bearer, useClass: TokenBearer },
        { provide: PublicUrl, useValue: new PublicUrl('http://127.0.0.1') },
      ],
      exports: [Bearer, PublicUrl],
    })
    class Ports {}
    @Module({ imports: [DatabaseModule.forContext(connections), MessagingModule.forContext('connections')] })
    class Connections {}
    @Module({
      imports: [DatabaseModule.forContext(tokensets), MessagingModule.forContext('tokensets')],
      controllers: [TokensetsWhenConnectionUpdated],
    })
    class Tokensets {}
    const policy = { retryAfterMs: [], waitMs: { least: 1, most: 2 } };
    const messaging = InProcessMessagingModule.forRoot({ url: postgresUrl, logger, policy, operatorApi: true });
    const module = await Test.createTestingModule({ imports: [Ports, Connections, Tokensets, messaging] }).compile();
    const http = { logger, isHttps: false };
    const app = module.createNestApplication<NestFastifyApplication>(httpAdapter(http), {
      bodyParser: false,
      logger: false,
    });
    prepareHttp(app, http);
    await app.init();
    await app.get(InProcessMessaging).start(app);
    await app.listen(0, '127.0.0.1');
    const source = await new DataSource(contextDatabase(connections)).initialize();
    return new ParkingInstallation(app, source, await app.getUrl());
  }

  /** So many events of a new key, none of which can be handled. @returns the key. */
  async park(times: number): Promise<string> {
    const key = `con_${randomUUID().replaceAll('-', '')}`;
    for (let sequence = 1; sequence <= times; sequence++)
      await this.connections.transaction((tx) =>
        new Outbox('connections').add(tx, connectionUpdated, { id: key, sequence, data: connection(key) }),
      );
    await this.app.get(InProcessMessaging).settled();
    return key;
  }

  async close(): Promise<void> {
    await this.app.close();
    await this.connections.destroy();
  }
}

const connection = (key: string) => ({
  connectionId: key,
  name: 'google',
  strategy: 'oauth2',
  vaultActive: true,
  loginActive: false,
  enabledClientCount: 1,
  tokenOrigin: 'https://provider.example',
  changed: ['options'],
  actor: { kind: 'system' as const },
});
