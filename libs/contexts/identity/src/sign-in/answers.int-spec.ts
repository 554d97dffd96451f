import { createHash } from 'node:crypto';
import { jest } from '@jest/globals';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { type AuthorizationApp, CALLBACK, PASSWORD, startIdentity } from '../../test/authorization-app.js';
import { type Browser } from '../../test/browser.js';
import { masterKeys } from '../../test/registry-app.js';
import { doorPass } from '../door/door-pass.js';
import { ProviderHolder } from '../library/provider-holder.js';
import { Interactions } from './interactions.js';

const ORIGIN = 'https://app.example.com';

describe('how a sign-in answers', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  const email = 'someone@example.com';

  beforeAll(async () => {
    identity = await startIdentity(masterKeys(), 'https://vault.example.com');
    client = await identity.client({ web_origins: [ORIGIN, 'https://second.example.com'] });
    await identity.person(email);
  });
  afterAll(() => identity?.stop());

  const asked = (params: Record<string, string> = {}, who: { client_id: string } = client) =>
    `/authorize?${new URLSearchParams({
      ...{ response_type: 'code', client_id: who.client_id, redirect_uri: CALLBACK, scope: 'openid' },
      ...{ code_challenge: 'a'.repeat(43), code_challenge_method: 'S256', ...params },
    }).toString()}`;
  const signIn = async (): Promise<Browser> => {
    const browser = identity.browser();
    await identity.authorize(browser, email, client);
    return browser;
  };
  const scriptHash = (text: string) => {
    const script = /<script>([\s\S]*?)<\/script>/.exec(text)![1]!;
    return `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
  };
  const unescaped = (text: string) => text.replaceAll('&quot;', '"').replaceAll('&amp;', '&');

  it('A8 gives codes and nothing else', async () => {
    const browser = await signIn();
    for (const response_type of ['token', 'id_token', 'code token', 'none']) {
      const page = await browser.open(asked({ response_type }));
      expect(page.left ?? '').toMatch(/^https:\/\/app\.example\.com\/callback[?#].*error=unsupported_response_type/);
      expect(page.left).not.toMatch(/access_token|code=/);
    }
    for (const grant_type of ['password', 'http://auth0.com/oauth/grant-type/password-realm']) {
      const { status, body } = await identity.token({ grant_type, ...client, username: email, password: PASSWORD });
      expect([status, body['error']]).toEqual([400, 'unsupported_grant_type']);
    }
    const wildcard = await identity.manage('PATCH', `/clients/${client.client_id}`, { callbacks: [`${ORIGIN}/*`] });
    expect(wildcard.status).toBe(400);
  });

  it('ID-08 takes a web and a native callback beside the vault grant, each as it is written', async () => {
    const callbacks = [CALLBACK, 'com.example.app:/callback', 'http://127.0.0.1:4711/callback'];
    const mixed = await identity.client({ app_type: 'native', callbacks });
    const browser = await signIn();
    for (const redirect_uri of callbacks)
      expect((await browser.open(asked({ redirect_uri }, mixed))).left).toContain(`${redirect_uri}?code=`);
    const otherPort = await browser.open(asked({ redirect_uri: 'http://127.0.0.1:4712/callback' }, mixed));
    expect([otherPort.status, otherPort.left]).toEqual([400, null]);
  });

  it('C7 compares callbacks as strings: no variant of one is one', async () => {
    const variants = [
      ...[
        'https://app.example.com/callback/',
        'https://app.example.com/callback?',
        'https://app.example.com/callback#',
      ],
      ...['https://APP.example.com/callback', 'HTTPS://app.example.com/callback', 'https://app.example.com/Callback'],
      ...['https://app.example.com:443/callback', 'https://app.example.com./callback', '//app.example.com/callback'],
      ...['https://app.example.com@evil.example/callback', 'https://x@app.example.com/callback'],
      ...[
        'https://app.example.com/x/../callback',
        'https://app.example.com/%63allback',
        'https:\\\\app.example.com\\callback',
      ],
      ...[
        'https://app.example.com\\@evil.example/callback',
        'https://app.example.com/callback%00',
        ' https://app.example.com/callback',
      ],
      ...[
        'https://app.example.com/callback/../../evil',
        'https://app.exampIe.com/callback',
        'https://app。example.com/callback',
      ],
    ];
    const browser = await signIn();
    for (const redirect_uri of variants) {
      const page = await browser.open(asked({ redirect_uri }));
      expect([redirect_uri, page.status, page.left]).toEqual([redirect_uri, 400, null]);
    }
    const provider = await identity.app.get(ProviderHolder, { strict: false }).provider();
    const found = await doorPass.run({ clientId: null }, () => provider.Client.find(client.client_id));
    const allowed = Array.from({ length: 100_000 }, (_, i) => mutated(CALLBACK, i)).filter((uri) =>
      found!.redirectUriAllowed(uri),
    );
    expect(allowed).toEqual([]);
    expect(found!.redirectUriAllowed(CALLBACK)).toBe(true);
  });

  it('ID-18 answers in the fragment, or by a form of one hashed script', async () => {
    const browser = await signIn();
    const { left } = await browser.open(asked({ response_mode: 'fragment', state: 's1' }));
    expect(new URL(left!).search).toBe('');
    expect(new URLSearchParams(new URL(left!).hash.slice(1)).get('state')).toBe('s1');
    const page = await browser.open(asked({ response_mode: 'form_post', state: '"><s1' }));
    expect(page.text).toContain(`<form method="post" action="${CALLBACK}">`);
    expect(page.text).toMatch(/name="code" value="[\w-]{43,}"/);
    expect(page.text).toContain('name="state" value="&quot;&gt;&lt;s1"');
    expect(page.headers.get('content-security-policy')).toBe(
      `default-src 'none'; script-src ${scriptHash(page.text)}; style-src 'self'; base-uri 'none'; frame-ancestors 'none'`,
    );
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    const refused = await browser.open(asked({ response_mode: 'form_post', prompt: 'none', max_age: '0' }));
    expect(refused.text).toContain('name="error" value="login_required"');
    expect((await browser.open(asked({ response_mode: 'jwt' }))).left).toContain('error=unsupported_response_mode');
  });

  it('ID-18 C8 posts a message to an origin of the client, framed by its origins alone', async () => {
    const browser = await signIn();
    const page = await browser.open(asked({ response_mode: 'web_message', prompt: 'none', state: 's1' }));
    expect(page.status).toBe(200);
    expect(page.text).toContain(`data-origin="${ORIGIN}"`);
    const data = JSON.parse(unescaped(/data-response="([^"]+)"/.exec(page.text)![1]!)) as Record<string, string>;
    expect(data).toEqual({ code: expect.any(String), state: 's1', iss: 'https://vault.example.com/' });
    expect(page.headers.get('content-security-policy')).toBe(
      `default-src 'none'; script-src ${scriptHash(page.text)}; style-src 'self'; base-uri 'none'; ` +
        `frame-ancestors ${ORIGIN} https://second.example.com`,
    );
    expect(page.headers.get('x-frame-options')).toBeNull();
    const nobody = await identity.browser().open(asked({ response_mode: 'web_message', prompt: 'none' }));
    expect(unescaped(nobody.text)).toContain('"error":"login_required"');
  });

  it('ID-18 posts no message to a callback whose origin is not among web_origins, nor an error', async () => {
    const foreign = await identity.client({ web_origins: ['https://second.example.com'] });
    const native = await identity.client({ callbacks: ['com.example.app:/callback'], web_origins: [ORIGIN] });
    const moving = await identity.client({ web_origins: [ORIGIN] });
    const browser = await signIn();
    const begun = await browser.open(asked({ response_mode: 'web_message', prompt: 'login' }, moving));
    await identity.manage('PATCH', `/clients/${moving.client_id}`, { web_origins: [] });
    const ended = await browser.submit(begun, { username: email, password: PASSWORD });
    expect([ended.status, ended.left, ended.text.includes('<script')]).toEqual([400, null, false]);
    for (const [params, who] of [
      [{}, foreign],
      [{ prompt: 'none', scope: 'openid "' }, foreign],
      [{ redirect_uri: 'com.example.app:/callback' }, native],
    ] as const) {
      const page = await browser.open(asked({ response_mode: 'web_message', ...params }, who));
      expect([page.status, page.left]).toEqual([400, null]);
      expect(page.text).not.toContain('<script');
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    }
  });

  it('takes a POST as the GET it redirects to', async () => {
    const answer = await identity.post('/authorize', Object.fromEntries(new URL(asked(), ORIGIN).searchParams));
    expect([answer.status, answer.headers.get('location')]).toEqual([303, asked()]);
  });

  it('is reached however its address is spelt, as every other route is', async () => {
    const spelt = asked().replace('/authorize', '/%61uthori%7Ae');
    expect((await identity.browser().open(spelt)).path).toMatch(/^\/u\/login\//);
    const step = await identity.browser().open('/%61uthorize/unknown');
    expect([step.status, step.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8']);
  });

  it('A5 tries ten of fifty guesses that come at once, and none of them keeps the owner out', async () => {
    const guess = async () => {
      const browser = identity.browser();
      const page = await browser.open(asked());
      return () => browser.submit(page, { username: email, password: 'cnry_wrong' });
    };
    const guesses = await Promise.all(Array.from({ length: 50 }, guess));
    const statuses = (await Promise.all(guesses.map((one) => one()))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(40);
    const browser = identity.browser();
    const page = await browser.open(asked());
    const waiting = await browser.submit(page, { username: email, password: PASSWORD });
    expect([waiting.status, Number(waiting.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect(waiting.text).toContain('role="alert"');
    const owner = await identity.app.inject({
      method: 'POST',
      url: page.path,
      remoteAddress: '198.51.100.7',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        cookie: [...browser.cookies].map(([key, { value }]) => `${key.split('@')[0]}=${value}`).join('; '),
      },
      payload: new URLSearchParams({
        csrf: /name="csrf" value="([^"]+)"/.exec(page.text)![1]!,
        ...{ username: email, password: PASSWORD },
      }).toString(),
    });
    expect(owner.statusCode).toBe(303);
  });

  it('says once that somebody logged in, where from and with the session they got, whatever is asked after it', async () => {
    const person = await identity.person('told@example.com');
    const third = await identity.client({ is_first_party: false });
    const { id_token } = await identity.tokens('told@example.com', third);
    const { sid } = JSON.parse(Buffer.from(id_token.split('.')[1]!, 'base64url').toString()) as { sid: string };
    const told = await identity.database.query<{ payload: Record<string, unknown> }[]>(
      `select payload from outbox where type like '%user.logged_in%' and payload->>'userId' = $1`,
      [person.user_id],
    );
    expect(told.map(({ payload }) => payload)).toEqual([
      expect.objectContaining({ sessionId: sid, ip: '127.0.0.1', clientId: third.client_id }),
    ]);
  });

  it('C8 is a page also where it fails, and says nothing of why', async () => {
    const failing = jest.spyOn(Interactions.prototype, 'clientName').mockRejectedValue(new Error('the very reason'));
    const page = await identity.browser().open(asked());
    failing.mockRestore();
    expect([page.status, page.headers.get('content-type')]).toEqual([500, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'/);
    expect(page.text).toContain('Something went wrong on our side.');
    expect(page.text).not.toContain('the very reason');
  });

  it('C8 gives every page and every way to one its headers, whatever the routes are', async () => {
    const fastify: FastifyInstance = identity.app.get(HttpAdapterHost).httpAdapter.getInstance();
    const routes = [...fastify.printRoutes({ commonPrefix: false }).matchAll(/(\/\S*) \(([A-Z, ]+)\)/g)]
      .flatMap(([, path, methods]) => methods!.split(', ').map((method) => [method, path!] as const))
      .filter(([method, path]) => /^(GET|POST)$/.test(method) && !/^\/(api|me|health|ready)\b/.test(path));
    const paths = routes.map(([, path]) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['/authorize', '/u/login/:uid', '/u/consent/:uid', '/u/select/:uid', '/u/mfa/:uid']),
    );
    let pages = 0;
    for (const [method, route] of routes) {
      const url = route.replaceAll(/:\w+/g, 'x1');
      const answer = await identity.app.inject({
        method: method as 'GET',
        url: `${url}?client_id=nobody&redirect_uri=https://evil.example/`,
        headers: { accept: 'text/html', ...(method === 'POST' ? FORM : {}) },
        ...(method === 'POST' ? { payload: 'action=accept&client_id=nobody' } : {}),
      });
      const isPage = String(answer.headers['content-type'] ?? '').startsWith('text/html');
      const isBetween = answer.statusCode >= 300 && answer.statusCode < 400;
      if (!isPage && !isBetween) continue;
      pages += 1;
      expect([method, route, answer.headers]).toEqual([method, route, expect.objectContaining(PAGE_HEADERS)]);
      expect(String(answer.headers['content-security-policy'])).not.toContain('script-src');
      if (isPage) expect(answer.body).not.toMatch(/<script|\son\w+=/);
    }
    expect(pages).toBeGreaterThanOrEqual(10);
  });
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const PAGE_HEADERS = {
  'content-security-policy': expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'/) as string,
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/** The same numbers make the same addresses. */
function mutated(uri: string, seed: number): string {
  const marks = ['/', '@', '\\', '#', '?', '%2e', '..', ':80', 'A', '\u3002', ' ', '.', '*', '%00', '\t', 'x@', '//'];
  const at = (seed * 7919) % (uri.length + 1);
  const mark = marks[seed % marks.length]!;
  const cut = Math.floor(seed / marks.length) % 3;
  const changed = `${uri.slice(0, at)}${mark}${uri.slice(at + cut)}`;
  return changed === uri ? `${uri}${mark}` : changed;
}
