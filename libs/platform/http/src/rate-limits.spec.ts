import { Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Bearer, type BearerIdentity, type OwnApi, type PresentedToken } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { InProcessCounters } from '@strongroom/locking';
import { createLogger } from '@strongroom/observability';
import { ManagementApi, MyAccountApi, Scopes } from './bearer.guard.js';
import { PublicUrl } from './public-url.js';
import { RateLimits } from './rate-limits.js';
import { httpAdapter, prepareHttp } from './server.js';

@ManagementApi('notes')
class ManagementNotes {
  @Get()
  @Scopes('read:notes')
  list(): unknown {
    return [];
  }

  @Get('other')
  @Scopes('read:other')
  other(): unknown {
    return [];
  }
}

@MyAccountApi('notes')
class OwnNotes {
  @Get()
  @Scopes('read:notes')
  list(): unknown {
    return [];
  }
}

/** Whoever the token says: `cnry_management_<client>_<person>`. */
class SaidBearer extends Bearer {
  check(api: OwnApi, { authorization }: PresentedToken): Promise<BearerIdentity> {
    const [, said, clientId, personId] = (authorization ?? '').split('_');
    if (said !== api || !clientId)
      return Promise.reject(new VaultError('no such token', { code: 'invalid_token', status: 401 }));
    const identity = { personId: personId ?? null, userId: null, clientId, scopes: ['read:notes'] };
    return Promise.resolve({ ...identity, sessionId: null, jkt: null });
  }
}

@Module({
  controllers: [ManagementNotes, OwnNotes],
  providers: [
    { provide: Bearer, useClass: SaidBearer },
    { provide: PublicUrl, useValue: new PublicUrl('https://vault.example.com') },
  ],
})
class NotesModule {}

describe('the rates of our own APIs', () => {
  const PER_SECOND = { management: 3, 'my-account': 2 };
  let app: NestFastifyApplication;
  let nowMs = 0;

  beforeAll(async () => {
    const rateLimits = new RateLimits(new InProcessCounters(() => nowMs), PER_SECOND);
    const options = { logger: createLogger('fatal'), isHttps: true, rateLimits };
    const http = httpAdapter(options);
    app = await NestFactory.create<NestFastifyApplication>(NotesModule, http, { bodyParser: false, logger: false });
    prepareHttp(app, options);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(() => app.close());
  beforeEach(() => {
    nowMs += 10_000;
  });

  const call = async (url: string, token?: string, remoteAddress = '192.0.2.1') => {
    const answer = await app.inject({
      url,
      remoteAddress,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer cnry_${token}` } }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<Record<string, unknown>>() };
  };
  const often = async (times: number, ...request: Parameters<typeof call>) => {
    const statuses: number[] = [];
    for (let i = 0; i < times; i++) statuses.push((await call(...request)).status);
    return statuses;
  };
  const notes = '/api/v2/notes';

  it('MG-11 lets twice the rate through at once, refuses the next, and lets it through when the time is up', async () => {
    expect(await often(6, notes, 'management_a')).toEqual(Array(6).fill(200));
    const refused = await call(notes, 'management_a');
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({
      ...{ statusCode: 429, error: 'Too Many Requests', errorCode: 'too_many_requests' },
      message: expect.stringMatching(/Too many requests/) as string,
    });
    expect(refused.headers).toMatchObject({
      ...{ 'retry-after': '2', 'x-ratelimit-limit': '6', 'x-ratelimit-remaining': '0' },
    });
    expect(refused.headers).not.toHaveProperty('x-auth0-error-kind');
    nowMs += 2_000;
    expect((await call(notes, 'management_a')).status).toBe(200);
  });

  it('MG-11 counts each client for itself', async () => {
    await often(7, notes, 'management_a');
    expect((await call(notes, 'management_b')).status).toBe(200);
  });

  it('lets nobody spend what an administrator has by the same client', async () => {
    await often(7, notes, 'management_dashboard_alice');
    expect((await call(notes, 'management_dashboard_alice')).status).toBe(429);
    expect((await call(notes, 'management_dashboard_admin')).status).toBe(200);
  });

  it('says under My Account which limit it was, and counts each person for itself whatever the client', async () => {
    expect(await often(4, '/me/v1/notes', 'my-account_a_alice')).toEqual(Array(4).fill(200));
    const refused = await call('/me/v1/notes', 'my-account_b_alice');
    expect(refused.status).toBe(429);
    expect(refused.headers).toMatchObject({ 'x-auth0-error-kind': 'global-rate-limit', 'retry-after': '2' });
    expect(refused.body).toMatchObject({
      ...{ type: 'https://auth0.com/api-errors/A0E-429-0001', title: 'Too Many Requests', status: 429 },
    });
    expect((await call('/me/v1/notes', 'my-account_a_bob')).status).toBe(200);
  });

  it('shows what is left on every answer, errors among them', async () => {
    const answers = [
      [notes, 'management_a', 200],
      ['/api/v2/notes/other', 'management_a', 403],
      [notes, undefined, 401],
      ['/api/v2/nothing', 'management_a', 404],
      ['/api/v2/notes/%E0', 'management_a', 400],
      ['/me/v1/notes', 'my-account_a_carol', 200],
      ['/me/v1/notes', undefined, 401],
      ['/me/v1/nothing', undefined, 404],
    ] as const;
    for (const [url, token, status] of answers) {
      const before = Date.now() / 1000;
      const answer = await call(url, token);
      expect([url, answer.status]).toEqual([url, status]);
      const headers = answer.headers as Record<string, string>;
      expect(Number(headers['x-ratelimit-remaining'])).toBeLessThan(Number(headers['x-ratelimit-limit']));
      const resets = Number(headers['x-ratelimit-reset']);
      expect(resets).toBeGreaterThan(before);
      expect(resets).toBeLessThan(Date.now() / 1000 + 4);
    }
    expect((await call('/nothing')).headers).not.toHaveProperty('x-ratelimit-limit');
  });

  it('lets nobody without a token spend what others have: not a client, and not another address', async () => {
    expect(await often(7, notes, 'management')).toEqual([...Array<number>(6).fill(401), 429]);
    expect((await call(notes, 'management_a')).status).toBe(200);
    expect((await call(notes, undefined, '192.0.2.2')).status).toBe(401);
  });
});
