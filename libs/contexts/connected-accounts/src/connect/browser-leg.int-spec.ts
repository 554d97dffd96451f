import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { Browser, csrfOf, Flow } from '../../test/browser.js';
import { APP, Bench, type HttpAnswer } from '../../test/connect-bench.js';
import { expectNothingOf, expectPage } from '../../test/refused-pages.js';
import { suiteBench } from '../../test/suite-bench.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { csrfField } from './consent-form.js';

const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000',
};

const NOT_VALID = /not valid any more/;

describe('the browser leg', () => {
  const bench = suiteBench();
  let alice: PersonView;
  let bob: PersonView;
  let client: ClientView;
  let connection: ConnectionView & { clients: Set<string> };
  let flow: Flow;

  beforeEach(() => {
    alice = bench.person('Alice <b>');
    bob = bench.person('Bob');
    client = bench.client();
    connection = bench.connection(client);
    flow = new Flow(bench, client, connection, alice);
  });

  const expectNothing = () => expectNothingOf(bench, [alice, bob]);
  const expire = (sessionId: string) =>
    bench.database.query('UPDATE connect_sessions SET expires_at = clock_timestamp() WHERE id = $1', [sessionId]);
  const returned = (answer: HttpAnswer) => {
    expect(answer.status).toBe(303);
    expect(answer.location.startsWith(`${APP}?`)).toBe(true);
    return Object.fromEntries(new URL(answer.location).searchParams);
  };

  it('CO-08 asks on a page that names app, account and permissions, then sends to the provider', async () => {
    await flow.begin({ scopes: ['mail.send'] });
    await flow.open();
    expect(flow.page.status).toBe(200);
    for (const named of ['Calendar Helper', 'app.example.com', 'Sim Mail', 'Alice &lt;b&gt;', 'mail.send'])
      expect(flow.page.body).toContain(named);
    expect(flow.page.body).not.toContain('<script');
    await flow.accept();
    const asked = flow.atProvider.searchParams;
    expect(flow.atProvider.origin).toBe('https://provider.example.net');
    expect(asked.get('redirect_uri')).toBe(`https://vault.example.com/connect/callback/${connection.name}`);
    expect(asked.get('response_type')).toBe('code');
    expect(asked.get('scope')).toBe('mail.send');
    expect(asked.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(asked.get('state')).toMatch(/^[\w-]{43}$/);
  });

  it.each(['st==', 'a+b c', '100%25&x=1', 'grüße\u0001\n', '%2B'])(
    'CO-09 CN-16 gives connect_code and the state %j back byte for byte',
    async (state) => {
      await (await (await flow.begin({ state })).open()).accept();
      const query = returned(await flow.browser.get(flow.callbackUrl));
      expect(query['connect_code']).toMatch(/^[\w-]{43}$/);
      expect(query['state']).toBe(state);
      await expectNothing();
    },
  );

  it('CO-09 appends to the query that the address has', async () => {
    const uri = 'https://app.example.com/done?tab=1';
    client.callbacks.push(uri);
    const other = new Flow(bench, client, connection, alice, undefined, uri);
    await (await (await other.begin({ state: undefined })).open()).accept();
    expect((await other.browser.get(other.callbackUrl)).location).toMatch(
      /^https:[^?]+\?tab=1&connect_code=[\w-]{43}$/,
    );
  });

  it('CO-10 CN-16 says no for a person who says no here', async () => {
    await (await flow.begin()).open();
    const query = returned(await flow.browser.press(flow.page, 'deny'));
    expect(query).toEqual({ error: 'access_denied', error_description: expect.any(String) as string, state: 'st==' });
    expect(await flow.dbState()).toBe('denied');
    expect(await flow.failures()).toEqual(['denied']);
    expect((await flow.complete({ connect_code: undefined })).status).toBe(400);
    expect((await flow.complete({ connect_code: 'x' })).status).toBe(404);
    await expectNothing();
  });

  it.each([
    ['access_denied', 'access_denied', 'denied'],
    ['login_required', 'login_required', 'provider_error'],
    ['consent_required', 'consent_required', 'provider_error'],
    ['interaction_required', 'interaction_required', 'provider_error'],
    ['account_selection_required', 'account_selection_required', 'provider_error'],
    ['invalid_scope', 'invalid_scope', 'provider_error'],
    ['temporarily_unavailable', 'temporarily_unavailable', 'provider_error'],
    ['server_error', 'server_error', 'provider_error'],
    ['unauthorized_client', 'server_error', 'provider_error'],
    ['cnry_not a code', 'server_error', 'provider_error'],
  ])('CN-16 tells of the provider’s %s as %s', async (code, told, reason) => {
    await (await (await flow.begin()).open()).accept();
    const path = flow.callbackUrl.split('?')[0]!;
    const query = new URLSearchParams({ error: code, error_description: 'cnry_private', state: flow.state });
    const answer = await flow.browser.get(`${path}?${query.toString()}`);
    expect(returned(answer)).toMatchObject({ error: told, state: 'st==' });
    expect(answer.location).not.toContain('cnry');
    expect(await flow.failures()).toEqual([reason]);
    expect((await flow.complete({ connect_code: 'x' })).status).toBe(404);
    await expectNothing();
  });

  it('CN-01 CN-02 CO-11 burns the ticket when another person opens it', async () => {
    await flow.begin();
    const other = new Browser(bench, bob);
    const page = await other.visit(flow.ticketUrl);
    expectPage(page, /made for another account/);
    expect(page.status).toBe(403);
    expect(await flow.failures()).toEqual(['user_mismatch']);
    expect(await flow.dbState()).toBe('mismatch');
    expectPage(await flow.browser.visit(flow.ticketUrl), NOT_VALID);
    // CN-06, first half
    expect((await flow.complete({ connect_code: 'guess' })).status).toBe(404);
    await expectNothing();
  });

  it('CN-44 compares the internal id: the same public id is not the same person', async () => {
    await flow.begin();
    const again = { ...bench.person('Alice again'), userId: alice.userId };
    expectPage(await new Browser(bench, again).visit(flow.ticketUrl), /made for another account/);
  });

  it('ties ticket and round trip by a cookie', async () => {
    await flow.begin();
    const start = await flow.browser.get(flow.ticketUrl);
    const back = bench.signIn.authorize(start.location, alice);
    expectPage(await new Browser(bench, alice).get(back), NOT_VALID);
    const altered = back.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expectPage(await flow.browser.get(altered), NOT_VALID);
    expect(await flow.dbState()).toBe('created');
    expect((await flow.browser.get(back)).status).toBe(303);
    expect(await flow.dbState()).toBe('opened');
  });

  it('a sign-in that was cancelled, or whose code is not valid, is a page and spends nothing', async () => {
    await flow.begin();
    const back = bench.signIn.authorize((await flow.browser.get(flow.ticketUrl)).location, alice);
    const cancelled = back.replace(/code=[^&]+/, 'error=access_denied');
    expectPage(await flow.browser.get(cancelled), /Cancelled/);
    const again = bench.signIn.authorize((await flow.browser.get(flow.ticketUrl)).location, alice);
    const wrong = await flow.browser.get(again.replace(/code=[^&]+/, 'code=cnry_wrong'));
    expectPage(wrong, /did not work/);
    expect(wrong.body).not.toContain('cnry_wrong');
    expect(await flow.dbState()).toBe('created');
  });

  it('CN-07 CO-11 opens a ticket once, within 300 s, and shows the page again only to its own browser', async () => {
    await (await flow.begin()).open();
    expect((await flow.browser.visit(flow.ticketUrl)).status).toBe(200);
    expectPage(await new Browser(bench, alice).visit(flow.ticketUrl), NOT_VALID);
    const forger = new Browser(bench, alice);
    for (const name of flow.browser.cookies.keys()) forger.cookies.set(name, 'made-up');
    expectPage(await forger.visit(flow.ticketUrl), NOT_VALID);
    expect(await flow.failures()).toEqual(['replayed']);
    await (await flow.accept()).comeBack();
    expect((await flow.complete()).status).toBe(201);
    expectPage(await flow.browser.visit(flow.ticketUrl), NOT_VALID);

    const late = await new Flow(bench, client, connection, alice).begin();
    const row = await bench.session(late.sessionId);
    expect((row['expires_at'] as Date).getTime() - (row['created_at'] as Date).getTime()).toBeLessThanOrEqual(300_100);
    await expire(late.sessionId);
    expectPage(await late.browser.visit(late.ticketUrl), NOT_VALID);
    expectPage(await late.browser.visit(late.ticketUrl), NOT_VALID);
    await bench.sweep();
    expect(await late.failures()).toEqual(['expired']);
    expectPage(await flow.browser.get('/connected-accounts/connect?ticket=unknown'), NOT_VALID);
    expectPage(await flow.browser.get('/connected-accounts/connect'), NOT_VALID);
  });

  it('a round trip that ends after the ticket does not open it', async () => {
    await flow.begin();
    const back = bench.signIn.authorize((await flow.browser.get(flow.ticketUrl)).location, alice);
    await expire(flow.sessionId);
    expectPage(await flow.browser.visit(back), NOT_VALID);
    expect(await flow.dbState()).toBe('expired');
  });

  it('/connect?ticket= is the same page', async () => {
    await flow.begin();
    const short = flow.ticketUrl.replace('/connected-accounts/connect', '/connect');
    const answer = await flow.browser.get(short);
    expect([answer.status, answer.location]).toEqual([303, flow.ticketUrl]);
  });

  it('CN-37 spends nothing for HEAD, prefetch and link previewers', async () => {
    await flow.begin();
    expect((await flow.browser.get(flow.ticketUrl, {}, 'HEAD')).status).toBe(204);
    expect((await flow.browser.get(flow.ticketUrl, { 'sec-purpose': 'prefetch' })).status).toBe(204);
    await new Browser(bench, null).get(flow.ticketUrl);
    expect(await flow.dbState()).toBe('created');
    const back = bench.signIn.authorize((await flow.browser.get(flow.ticketUrl)).location, alice);
    await flow.browser.get(back, {}, 'HEAD');
    await flow.browser.get(back, { 'sec-purpose': 'prefetch;prerender' });
    flow.page = await flow.browser.visit(back);
    await flow.accept();
    await flow.browser.get(flow.callbackUrl, {}, 'HEAD');
    await flow.browser.get(flow.callbackUrl, { purpose: 'prefetch' });
    await flow.comeBack();
    expect((await flow.complete()).status).toBe(201);
  });

  it('CN-18 does not even go to the provider then', async () => {
    await (await flow.begin()).open();
    client.callbacks.length = 0;
    expectPage(await flow.browser.press(flow.page, 'accept'), /not possible any more/);
  });

  it.each<[string, () => void]>([
    ['the connection was switched off', () => (connection.vaultActive = false)],
    ['the person was blocked', () => (alice.blocked = true)],
    [
      'C10 the ceiling was lowered',
      () => (connection.options = { ...connection.options, allowed_scopes: ['mail.read'] }),
    ],
  ])('CN-32 tells the app when %s before page, accept or callback', async (_, change) => {
    const begun = () => new Flow(bench, client, connection, alice).begin({ scopes: ['mail.send'] });
    const [before, between, after] = [await begun(), await (await begun()).open(), await (await begun()).open()];
    await after.accept();
    change();
    const answers = [
      await before.browser.visit(before.ticketUrl),
      await between.browser.press(between.page, 'accept'),
      await after.browser.get(after.callbackUrl),
    ];
    for (const answer of answers) expect(returned(answer)).toMatchObject({ error: 'access_denied', state: 'st==' });
    for (const one of [before, between, after]) {
      expect(await one.dbState()).toBe('failed');
      expect(await one.failures()).toEqual(['provider_error']);
    }
    await expectNothing();
  });

  it('CN-15 tells the app that the session expired while its person was at the provider, also after the sweep', async () => {
    for (const swept of [false, true]) {
      const late = new Flow(bench, client, connection, alice);
      await (await (await late.begin()).open()).accept();
      await expire(late.sessionId);
      if (swept) await bench.sweep();
      const query = returned(await late.browser.get(late.callbackUrl));
      expect(query).toMatchObject({ error: 'invalid_request', state: 'st==' });
      expect(query['error_description']).toMatch(/session expired, begin again/);
      expect(await late.failures()).toEqual(['expired']);
    }
    await expectNothing();
  });

  it('CN-19 refuses a consent that was not posted from our page in this browser', async () => {
    await (await flow.begin()).open();
    const other = await (await new Flow(bench, client, connection, alice).begin()).open();
    const url = '/connected-accounts/connect';
    const csrf = csrfOf(flow.page);
    const sessionOnly = csrf.split('.')[0]!;
    const forger = new Browser(bench, bob);
    for (const name of flow.browser.cookies.keys()) forger.cookies.set(name, 'made-up');
    const forged = csrfField('made-up', { id: sessionOnly } as ConnectSessionEntity);
    const refusals = [
      await new Browser(bench, bob).post(url, { csrf, action: 'accept' }),
      await forger.post(url, { csrf: `${sessionOnly}.${forged}`, action: 'accept' }),
      await flow.browser.post(url, { action: 'accept' }),
      await flow.browser.post(url, { csrf: sessionOnly, action: 'accept' }),
      await flow.browser.post(url, { csrf: `${sessionOnly}.${csrfOf(other.page).split('.')[1]}`, action: 'accept' }),
      await other.browser.post(url, { csrf, action: 'accept' }),
      await flow.browser.press(flow.page, 'accept', { 'sec-fetch-site': 'cross-site' }),
      await flow.browser.press(flow.page, 'accept', { 'sec-fetch-site': 'same-site' }),
      await flow.browser.post(url, { csrf, action: 'maybe' }),
      await flow.browser.post(url, [...Object.entries({ csrf, action: 'accept' }), ['action', 'deny']]),
    ];
    for (const answer of refusals) {
      expect(answer.status).toBe(403);
      expectPage(answer, /did not work/);
    }
    expect(await flow.dbState()).toBe('opened');
    const accepted = await flow.browser.press(flow.page, 'accept', { 'sec-fetch-site': 'same-origin', origin: 'null' });
    expect(accepted.status).toBe(303);
  });

  it('CN-19 takes no consent after the session ended', async () => {
    await (await flow.begin()).open();
    await expire(flow.sessionId);
    for (const action of ['accept', 'deny'] as const)
      expectPage(await flow.browser.press(flow.page, action), NOT_VALID);
    expect(await flow.dbState()).toBe('opened');
  });

  it('CN-20 sends all headers with every page and redirect, on every route of the flow', async () => {
    const ours = bench.routes
      .filter((route) => !/ \/(me|api)\//.test(route))
      .map((route) => route.replace(':connection', 'x'));
    expect(ours.sort()).toEqual([
      'GET /connect',
      'GET /connect/callback/x',
      'GET /connected-accounts/connect',
      'GET /connected-accounts/connect/signed-in',
      'HEAD /connect',
      'HEAD /connect/callback/x',
      'HEAD /connected-accounts/connect',
      'HEAD /connected-accounts/connect/signed-in',
      'POST /connect/callback/x',
      'POST /connected-accounts/connect',
    ]);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await flow.begin();
    const answers = [
      await flow.browser.get(flow.ticketUrl),
      await flow.browser.visit(flow.ticketUrl),
      ...(await Promise.all(
        ours.flatMap((route) => {
          const [method, path] = route.split(' ') as ['GET' | 'HEAD' | 'POST', string];
          return ['', '?code=x&state=y&ticket=z'].map((query) =>
            bench.send(method, path + query, method === 'POST' ? { headers, body: 'code=x' } : {}),
          );
        }),
      )),
      await bench.send('POST', '/connected-accounts/connect', { headers: { 'content-type': 'text/plain' }, body: 'x' }),
    ];
    for (const answer of answers) expect(answer.headers).toMatchObject(PAGE_HEADERS);
    expect(answers.every(({ headers }) => !String(headers['content-type']).includes('json'))).toBe(true);
  });

  it('CN-22 answers a form_post with a redirect to the GET and stores nothing by it', async () => {
    await (await (await flow.begin()).open()).accept();
    const path = flow.callbackUrl.split('?')[0]!;
    const before = await bench.session(flow.sessionId);
    // The cookie stays away from a cross-site POST.
    const posted = await new Browser(bench, null).post(path, { code: flow.code, state: flow.state });
    expect(posted.status).toBe(303);
    expect(await bench.session(flow.sessionId)).toEqual(before);
    flow.callbackUrl = posted.location;
    await flow.comeBack();
    expect((await flow.complete()).status).toBe(201);
    expect(await bench.vault.unsealed(bench.vault.sent[0]!, 'code')).toBe(flow.code);
  });

  it('sets host-bound cookies, one for each session, and clears them at the end', async () => {
    await (await flow.begin()).open();
    const second = new Flow(bench, client, connection, alice, flow.browser);
    await (await second.begin()).open();
    expect(
      [...flow.browser.cookies.keys()].filter((name) => /^__Host-strongroom_connect_[0-9a-f]{8}$/.test(name)),
    ).toHaveLength(2);
    const start = await flow.browser.get((await new Flow(bench, client, connection, alice).begin()).ticketUrl);
    for (const part of ['Secure', 'HttpOnly', 'SameSite=Lax', 'Path=/', 'Max-Age=600'])
      expect(String(start.headers['set-cookie'])).toContain(part);
    await (await flow.accept()).comeBack();
    const left = [...flow.browser.cookies.keys()].filter((name) => name.includes('strongroom_connect_'));
    await (await second.accept()).comeBack();
    expect((await second.complete()).status).toBe(201);
    expect((await flow.complete()).status).toBe(201);
    expect(left.filter((name) => /connect_[0-9a-f]{8}$/.test(name))).toHaveLength(1);
  });

  it('drops prefix and Secure on plain http, for development', async () => {
    const plain = new Bench({ publicUrl: 'http://localhost:3000' });
    await plain.start(bench.databaseUrl);
    const app = plain.client();
    const one = new Flow(plain, app, plain.connection(app), plain.person('Alice'));
    const start = await one.browser.get((await one.begin()).ticketUrl);
    expect(String(start.headers['set-cookie'])).toMatch(/^strongroom_connect_in_[0-9a-f]{8}=/);
    expect(String(start.headers['set-cookie'])).not.toContain('Secure');
    await plain.stop();
  });

  it('shows what is new to an account that is connected again', async () => {
    bench.vault.answer = { scopes: ['mail.read'] };
    await flow.untilCode();
    expect((await flow.complete()).status).toBe(201);
    bench.vault.answer = {};
    const again = new Flow(bench, client, connection, alice);
    await (await again.begin({ scopes: ['mail.send'] })).open();
    expect(again.page.body).toMatch(/mail\.send<\/code>\s*<strong>\(new\)/);
    expect(again.page.body).not.toMatch(/mail\.read<\/code>\s*<strong>\(new\)/);
    await again.accept();
    expect(again.atProvider.searchParams.get('scope')).toBe('mail.read mail.send');
  });
});
