import { Controller, Get, Module, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Clients } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { createLogger } from '@strongroom/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { serveCors } from './cors.js';
import { httpAdapter, prepareHttp } from './server.js';
import { WebOrigins } from './web-origins.js';

const PAGE = 'https://app.example.com';
const OTHER = 'https://other.example.com';
const FOREIGN = 'https://foreign.example';

/** Two clients with a page each. */
class TwoClients extends Clients {
  asked = 0;
  isAway = false;
  readonly pages = new Map([
    ['app', PAGE],
    ['other', OTHER],
  ]);
  get = () => Promise.resolve(null);
  setup = () => Promise.resolve(null);
  override isWebOrigin(origin: string, clientId: string | null): Promise<boolean> {
    this.asked += 1;
    if (this.isAway) return Promise.reject(new Error('identity is away'));
    return Promise.resolve(
      clientId === null ? [...this.pages.values()].includes(origin) : this.pages.get(clientId) === origin,
    );
  }
}
const clients = new TwoClients();
let time = 0;
const origins = new WebOrigins(clients, () => time);

@Controller()
class Routes {
  @Get(['userinfo', '.well-known/jwks.json', 'api/v2/things'])
  get(): object {
    return {};
  }

  @Post(['me/v1/things', 'oauth/revoke'])
  refuse(): never {
    throw new VaultError('no', { code: 'invalid_token', status: 401 });
  }

  @Post('oauth/token')
  async token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await origins.open(request, reply, 'app');
    void reply.send({});
  }
}

@Module({ controllers: [Routes] })
class RoutesModule {}

describe('pages of other origins', () => {
  let app: NestFastifyApplication;

  beforeAll(async () => {
    const options = { logger: createLogger('silent'), isHttps: true };
    app = await NestFactory.create<NestFastifyApplication>(RoutesModule, httpAdapter(options), {
      bodyParser: false,
      logger: false,
    });
    prepareHttp(app, options);
    serveCors(app, origins);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(() => app.close());
  beforeEach(() => void (time += 10_000));

  const ask = async (method: 'GET' | 'POST' | 'OPTIONS', url: string, headers: Record<string, string> = {}) => {
    const { statusCode: status, headers: said } = await app.inject({ method, url, headers });
    const cors = Object.fromEntries(Object.entries(said).filter(([name]) => /^access-control-|^vary$/.test(name)));
    return { status, cors };
  };
  const preflight = (url: string, origin: string) =>
    ask('OPTIONS', url, { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-any' });

  const paths = ['/oauth/token', '/oauth/revoke', '/userinfo', '/.well-known/jwks.json', '/me/v1/things/1'];
  const readable = (origin: string) => ({
    'access-control-allow-origin': origin,
    'access-control-expose-headers':
      'dpop-nonce, www-authenticate, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset',
    vary: 'Origin',
  });

  it.each(paths)(
    'GR-12 and ID-23 get permission for %s where a client has registered them, and nothing elsewhere',
    async (path) => {
      expect(await preflight(path, PAGE)).toEqual({
        status: 204,
        cors: {
          'access-control-allow-origin': PAGE,
          'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
          'access-control-allow-headers': 'authorization, content-type, auth0-client, dpop',
          'access-control-max-age': '600',
          vary: 'Origin',
        },
      });
      for (const origin of [FOREIGN, 'null', '*', `${PAGE}:443`, `${PAGE}.foreign.example`])
        expect(await preflight(path, origin)).toEqual({ status: 204, cors: { vary: 'Origin' } });
    },
  );

  it('GR-12 may read answers, refusals too, where they are registered', async () => {
    for (const [method, url] of [
      ['GET', '/userinfo'],
      ['GET', '/.well-known/jwks.json'],
      ['POST', '/me/v1/things'],
      ['POST', '/oauth/revoke'],
    ] as const) {
      expect((await ask(method, url, { origin: PAGE })).cors).toEqual(readable(PAGE));
      expect((await ask(method, url, { origin: FOREIGN })).cors).toEqual({ vary: 'Origin' });
      expect((await ask(method, url)).cors).toEqual({ vary: 'Origin' });
    }
  });

  it('ID-23 may not read what the token endpoint tells another client', async () => {
    expect((await ask('POST', '/oauth/token', { origin: PAGE })).cors).toEqual(readable(PAGE));
    expect((await ask('POST', '/oauth/token', { origin: OTHER })).cors).toEqual({ vary: 'Origin' });
  });

  it('have no business at the Management API', async () => {
    expect((await ask('GET', '/api/v2/things', { origin: PAGE })).cors).toEqual({});
    expect((await preflight('/api/v2/things', PAGE)).cors).toEqual({});
  });

  it('are asked for once in two seconds, and are nobody while that cannot be done', async () => {
    const before = clients.asked;
    await Promise.all([preflight('/userinfo', PAGE), preflight('/userinfo', PAGE)]);
    expect(clients.asked).toBe(before + 1);
    clients.pages.delete('app');
    time += 1_999;
    expect((await preflight('/userinfo', PAGE)).cors).not.toEqual({ vary: 'Origin' });
    time += 1;
    expect((await preflight('/userinfo', PAGE)).cors).toEqual({ vary: 'Origin' });
    clients.pages.set('app', PAGE);
    clients.isAway = true;
    time += 2_000;
    expect((await preflight('/userinfo', PAGE)).cors).toEqual({ vary: 'Origin' });
    clients.isAway = false;
  });
});
