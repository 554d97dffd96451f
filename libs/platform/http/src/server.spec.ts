import { Controller, Get, Module, Post, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Bearer, type BearerIdentity, type OwnApi, type PresentedToken } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { createLogger } from '@strongroom/observability';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Caller, ManagementApi, MyAccountApi, Scopes } from './bearer.guard.js';
import { JsonBody, ParsedQuery, rawBody } from './body.js';
import { PublicUrl } from './public-url.js';
import { httpAdapter, prepareHttp } from './server.js';

type Json = Record<string, unknown>;
const note = z.strictObject({ text: z.string().max(5), to: z.string().optional() });

@ManagementApi('notes')
class ManagementNotes {
  @Post()
  @Scopes('create:notes')
  add(@JsonBody(note) body: z.infer<typeof note>): unknown {
    return body;
  }

  @Get()
  @Scopes('read:notes')
  list(@ParsedQuery(z.object({ take: z.coerce.number().max(3) })) query: unknown): unknown {
    return query;
  }

  @Get('unguarded')
  forgotten(): string {
    return 'must not be reached';
  }
}

@MyAccountApi('notes')
class OwnNotes {
  @Get()
  @Scopes('read:me:notes')
  mine(@Caller() caller: BearerIdentity): unknown {
    return { of: caller.personId };
  }

  @Post()
  @Scopes('read:me:notes')
  add(@JsonBody(note) body: unknown): unknown {
    return body;
  }
}

@Controller('oauth')
class Raw {
  @Post('bytes')
  bytes(@Req() request: FastifyRequest): unknown {
    return { bytes: rawBody(request).toString('hex') };
  }

  @Post('fails')
  fails(): never {
    throw new Error('the database says cnry_inside');
  }

  @Post('busy')
  busy(): never {
    throw new VaultError('try again', { code: 'temporarily_unavailable', status: 503, retryAfter: 1.2 });
  }
}

/** Knows one token per API. */
class TwoTokens extends Bearer {
  check(api: OwnApi, { authorization, url }: PresentedToken): Promise<BearerIdentity> {
    if (authorization !== `Bearer cnry_${api}`)
      return Promise.reject(
        new VaultError(`Invalid token for ${url}`, {
          code: 'invalid_token',
          status: 401,
          ...(authorization === null ? { details: { reason: 'missing' } } : {}),
        }),
      );
    const scopes = api === 'management' ? ['create:notes', 'read:notes'] : ['read:me:notes'];
    return Promise.resolve({ personId: 'p1', userId: 'u', clientId: 'c', scopes, sessionId: null, jkt: null });
  }
}

@Module({
  controllers: [ManagementNotes, OwnNotes, Raw],
  providers: [
    { provide: Bearer, useClass: TwoTokens },
    { provide: PublicUrl, useValue: new PublicUrl('https://vault.example.com') },
  ],
})
class NotesModule {}

describe('an HTTP server of ours', () => {
  let app: NestFastifyApplication;
  let logged = '';

  beforeAll(async () => {
    const logger = createLogger('warn', { write: (line: string) => void (logged += line) });
    const options = { logger, isHttps: true };
    app = await NestFactory.create<NestFastifyApplication>(NotesModule, httpAdapter(options), {
      bodyParser: false,
      logger: false,
    });
    prepareHttp(app, options);
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });
  afterAll(() => app.close());

  const call = async (method: 'GET' | 'POST' | 'DELETE', url: string, body?: string, headers: object = {}) => {
    const answer = await app.inject({
      method,
      url,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<Record<string, unknown>>() };
  };
  const management = { authorization: 'Bearer cnry_management' };
  const account = { authorization: 'Bearer cnry_my-account' };

  it.each([
    ['/api/v2/notes/%E0', { statusCode: 400, error: 'Bad Request', errorCode: 'invalid_uri' }],
    ['/me/v1/notes/%E0', { type: 'https://auth0.com/api-errors/A0E-400-0003', status: 400 }],
    ['/oauth/%E0', { error: 'invalid_request' }],
  ])('refuses %s, which no router can read, in the shape of its API', async (url, shape) => {
    const { status, headers, body } = await call('GET', `${url}?secret=cnry_query`);
    expect(status).toBe(400);
    expect(body).toMatchObject(shape);
    expect(JSON.stringify(body)).not.toMatch(/FST_|%E0|cnry_/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  });

  it('MG-17 names every member that does not belong, and shows Management errors in their shape', async () => {
    const { status, body } = await call('POST', '/api/v2/notes', '{"text":"too long","a":1,"b":2}', management);
    expect(status).toBe(400);
    expect(body).toMatchObject({ statusCode: 400, error: 'Bad Request', errorCode: 'invalid_body' });
    for (const member of ['text', 'a', 'b']) expect(body['message']).toContain(member);
  });

  it('MG-09 refuses a scope that is missing, and a route that forgot to name one', async () => {
    expect((await call('POST', '/me/v1/notes', '{}', management)).status).toBe(401);
    const forgotten = await call('GET', '/api/v2/notes/unguarded', undefined, management);
    expect(forgotten.status).toBe(500);
    expect((await call('GET', '/api/v2/notes', undefined, account)).body).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      message: 'Invalid token',
    });
    expect((await call('GET', '/api/v2/notes')).body['message']).toBe('Missing authentication');
  });

  it('CO-17 shows My Account errors as problems, without WWW-Authenticate', async () => {
    const refused = await call('GET', '/me/v1/notes', undefined, management);
    expect(refused.body).toMatchObject({
      type: 'https://auth0.com/api-errors/A0E-401-0003',
      title: 'Invalid Token',
      status: 401,
    });
    expect(refused.headers).not.toHaveProperty('www-authenticate');
    const wrong = await call('POST', '/me/v1/notes', '{}', account);
    expect(wrong.body).toMatchObject({
      title: 'Validation Error',
      validation_errors: [{ detail: "data must have required property 'text'", pointer: '/text' }],
    });
    expect((await call('GET', '/me/v1/notes', undefined, account)).body).toEqual({ of: 'p1' });
  });

  it('CO-18 takes JSON and nothing else where JSON is asked for', async () => {
    const { status, body } = await call('POST', '/me/v1/notes', 'text', { ...account, 'content-type': 'text/plain' });
    expect(status).toBe(415);
    expect(body['type']).toMatch(/A0E-415-0001$/);
  });

  it('AC-05 minds no JSON content type on a request without a body', async () => {
    const json = { 'content-type': 'application/json' };
    expect((await call('GET', '/api/v2/notes?take=2', undefined, { ...management, ...json })).body).toEqual({
      take: 2,
    });
    expect((await call('GET', '/api/v2/notes?take=4', undefined, management)).body['errorCode']).toBe(
      'invalid_query_string',
    );
  });

  it('refuses members that reach into prototypes, and bodies nested too deeply', async () => {
    for (const body of ['{"__proto__":{}}', '{"a":{"constructor":1}}', '['.repeat(30) + ']'.repeat(30)])
      expect((await call('POST', '/api/v2/notes', body, management)).status).toBe(400);
  });

  it.each([
    ['a NUL character', '{"text":"\\u0000"}', 'text: must not have a NUL'],
    ['half of a surrogate pair', '{"a":[{"b":"x\\ud800y"}]}', 'a.0.b: must not have half of a surrogate'],
    ['its other half', '{"text":"\\udc00"}', 'text: must not have half of a surrogate'],
    ['a NUL character in a name', '{"a":{"b\\u0000":1}}', 'a.b\ufffd: must not have a NUL'],
    ['half of a surrogate pair in a name', '{"b\\ud800":1}', 'b\ufffd: must not have half of a surrogate'],
    ['a member that reaches into prototypes', '{"a":{"__proto__":{}}}', 'a.__proto__: is a name that no'],
    ['too many levels', `{"a":${'['.repeat(30)}${']'.repeat(30)}}`, 'the body is nested too deeply'],
    ['too many members', JSON.stringify(Array(1001).fill(1)), 'the body has too many members'],
    ['no JSON', '{', 'the body is not valid JSON'],
  ])('names the member and the rule where a body has %s', async (_, sent, said) => {
    const { status, body } = await call('POST', '/api/v2/notes', sent, management);
    expect([status, body['errorCode']]).toEqual([400, 'invalid_body']);
    expect(body['message']).toContain(`Invalid request body: ${said}`);
    const [rule] = (await call('POST', '/me/v1/notes', sent, account)).body['validation_errors'] as Json[];
    expect(said).toContain(rule!['field'] ? `${rule!['field'] as string}: ` : 'the body');
  });

  it('does not start with a header of certificates that nobody may write', () => {
    const options = { logger: createLogger('fatal'), isHttps: false, certificateHeader: 'Client-Cert' };
    expect(() => httpAdapter(options)).toThrow('STRONGROOM_TRUSTED_PROXIES');
    expect(() => httpAdapter({ ...options, trustedProxies: ['127.0.0.1/32'] })).not.toThrow();
  });

  it('keeps what our own APIs answer out of every cache', async () => {
    const { status, headers } = await call('GET', '/api/v2/notes?take=2', undefined, management);
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
  });

  it('reads whole surrogate pairs, and refuses bytes that are no UTF-8', async () => {
    expect((await call('POST', '/api/v2/notes', '{"text":"\\ud83d\\ude00"}', management)).body).toEqual({ text: '😀' });
    const bytes = Buffer.from([...Buffer.from('{"text":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]);
    const sent = { method: 'POST', url: '/api/v2/notes', payload: bytes } as const;
    const headers = { 'content-type': 'application/json', ...management };
    expect((await app.inject({ ...sent, headers })).statusCode).toBe(400);
  });

  it('hands bodies on as the bytes that were sent', async () => {
    const { body } = await call('POST', '/oauth/bytes', '{"a": 1 }', { 'content-type': 'text/odd' });
    expect(body).toEqual({ bytes: Buffer.from('{"a": 1 }').toString('hex') });
  });

  it('refuses a NUL character wherever it stands', async () => {
    for (const [url, said] of [
      ['/oauth/bytes?a=%00', { error: 'invalid_request' }],
      ['/api/v2/notes/%00', { errorCode: 'invalid_uri' }],
      ['/api/v2/notes?a=%00', { errorCode: 'invalid_query_string' }],
    ] as const)
      expect(await call('POST', url, '{}')).toMatchObject({ status: 400, body: said });
    expect((await call('POST', '/api/v2/notes', '{"text":"\\u0000"}', management)).status).toBe(400);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await call('POST', '/oauth/bytes', 'client_id=a%00b', form)).status).toBe(400);
    expect((await call('POST', '/oauth/bytes', 'client_id=a\0b', form)).status).toBe(400);
    expect((await call('POST', '/oauth/bytes', 'client_id=a%2500b', form)).status).toBe(201);
  });

  it('refuses more than 100 headers', async () => {
    const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, '1']));
    expect((await call('POST', '/api/v2/notes', '{"text":"a"}', { ...management, ...headers(90) })).status).toBe(201);
    const { status, body } = await call('POST', '/api/v2/notes', '{"text":"a"}', { ...management, ...headers(101) });
    expect([status, body['message']]).toEqual([431, 'the request has more than 100 headers']);
  });

  it('reads 64 KiB of a body under My Account, and more elsewhere', async () => {
    const sized = (bytes: number) => JSON.stringify({ other: 'x'.repeat(bytes - '{"other":""}'.length) });
    const sent = (url: string, bytes: number, by: object) => call('POST', url, sized(bytes), by);
    // 400: it was read, and has no such member.
    expect((await sent('/me/v1/notes', 64 * 1024, account)).status).toBe(400);
    expect(await sent('/me/v1/notes', 64 * 1024 + 1, account)).toMatchObject({
      status: 413,
      body: { title: 'Payload Too Large', detail: 'the body is larger than 64 KiB' },
    });
    expect((await sent('/api/v2/notes', 64 * 1024 + 1, management)).status).toBe(400);
  });

  it('refuses a compressed body and one over the limit', async () => {
    expect((await call('POST', '/oauth/bytes', 'x', { 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await call('POST', '/oauth/bytes', 'x'.repeat(256 * 1024 + 1))).status).toBe(413);
  });

  it('keeps to itself what failed, and logs it', async () => {
    const { status, body } = await call('POST', '/oauth/fails');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('cnry_inside');
    expect(body['error']).toBe('server_error');
    expect(logged).toContain('cnry_inside');
  });

  it('says when to try again, in whole seconds', async () => {
    const { headers, body } = await call('POST', '/oauth/busy');
    expect(headers['retry-after']).toBe('2');
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toEqual({ error: 'temporarily_unavailable', error_description: 'try again' });
  });

  it('shows an unknown path in the shape of its API, with safe headers', async () => {
    expect((await call('GET', '/api/v2/nowhere')).body).toMatchObject({ statusCode: 404 });
    const { headers, body } = await call('GET', '/me/v1/nowhere');
    expect(body['type']).toMatch(/A0E-404-0001$/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['strict-transport-security']).toBeDefined();
  });
});
