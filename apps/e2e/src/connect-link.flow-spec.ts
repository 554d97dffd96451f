import { comeBack, consentOf, expectNothing, expectRefused, heldBack, press } from './connect-steps.js';
import {
  type Answer,
  Browser,
  challengeOf,
  createPerson,
  enable,
  Installation,
  newVerifier,
  type Page,
  Scene,
} from './driver/index.js';

const NOT_VALID = /not valid any more/;

/** Until the browser is at the provider: who may open a link, and who may agree. */
describe('the link and the page that asks', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation, { provider: { auto: 'accept' } });
  });
  afterAll(() => installation.close());

  it('CN-06 CN-07 a guessed code helps nobody, before the callback or after it', async () => {
    const bob = await scene.another();
    const burned = scene.flow();
    await burned.begin();
    expectRefused(await burned.open(bob.person), /another account/);
    expect((await burned.complete({ connect_code: challengeOf('guess') })).status).toBe(404);
    const flow = scene.flow();
    await comeBack(flow, await heldBack(flow));
    expect((await flow.complete({ connect_code: challengeOf('guess') })).status).toBe(400);
    expect((await flow.complete()).status).toBe(404);
    for (const one of [scene, bob]) await expectNothing(one);
  });

  it('CN-07 a ticket is opened once, and is of no use after success either', async () => {
    const own = await Scene.create(installation, { provider: { auto: 'accept' } });
    const flow = own.flow();
    const page = await consentOf(flow);
    expect((await flow.open()).page!.hasButton('accept')).toBe(true); // a reload in the same browser
    expectRefused(await flow.open(own.person, new Browser(installation)), NOT_VALID);
    const there = await own.person.browser.submit(page, { action: 'accept' });
    expect((await flow.complete({ connect_code: there.url.searchParams.get('connect_code') })).status).toBe(201);
    expectRefused(await flow.open(), NOT_VALID);
    for (const ticket of ['unknown', '']) {
      const url = `${installation.url}/connected-accounts/connect?ticket=${ticket}`;
      expectRefused(await own.person.browser.visit(url), NOT_VALID);
    }
  });

  it('CN-17 no address but a registered one is taken, letter for letter', async () => {
    const { callback } = scene.client; // https://app.example/callback
    const changes: [RegExp | string, string][] = [
      ...(['https:', 'app.example', 'callback', 'e/c', 'example'] as const).map(
        (part) => [part, part.toUpperCase()] as [string, string],
      ),
      ...[
        '/',
        '//',
        '?',
        '?x',
        '#',
        '#x',
        '/..',
        '/../callback',
        '%00',
        '\n',
        ' ',
        '%2f',
        '.',
        ';x',
        '\\',
        '@evil.example',
      ].map((end) => [/$/, end] as [RegExp, string]),
      ...['user@', 'user:pass@', 'app.example@evil.example/', 'evil.example\\@', 'evil.', '\t', '/'].map(
        (before) => ['app.example', `${before}app.example`] as [string, string],
      ),
      ...['.', ':443', ':8443', '.evil.example', '%2eevil.example', '\\evil.example', '#', '?', ' '].map(
        (after) => ['app.example', `app.example${after}`] as [string, string],
      ),
      ...['/./', '//', '\\', '/%2e/', '/%2e%2e/', '/x/../', '/%63'].map(
        (slash) => [/\/(?=callback)/, slash] as [RegExp, string],
      ),
      ['https:', 'http:'],
      ['https:', ''],
      ['https://', 'https:'],
      ['https://', 'https:\\\\'],
      ['https:', 'javascript:'],
      [/^/, ' '],
      [/^.*$/, 'https://evil.example/?https://app.example/callback'],
      [/k$/, ''],
      ['a', 'а'], // a Cyrillic one
    ];
    const tried = changes.map(([what, by]) => callback.replace(what, by));
    expect(tried).not.toContain(callback);
    const answers = await Promise.all(tried.map((redirect_uri) => scene.flow({ redirect_uri }).begin()));
    const seen = answers.map(({ status, headers, json }, i) => [tried[i], status, headers['location'], fieldsOf(json)]);
    expect(seen).toEqual(tried.map((uri) => [uri, 400, undefined, ['redirect_uri']]));
  });
  const fieldsOf = (json: Answer['json']) =>
    ((json['validation_errors'] ?? []) as { field: string }[]).map(({ field }) => field);

  it('CN-19 nobody agrees but on our page, in the browser that was asked', async () => {
    const [alice, bob] = [await scene.another(), await scene.another()];
    const [flow, his] = [alice.flow(), bob.flow()];
    const [page, hisPage] = [await consentOf(flow), await consentOf(his)];
    const form = (of: Page, fields: Record<string, string | null>) =>
      new URLSearchParams(of.filled({ action: 'accept', ...fields })).toString();
    const mine = page.filled({})['csrf']!;
    const [session] = mine.split('.');
    const fields = [null, 'made-up', session!, `${mine}x`, `${session}.${hisPage.filled({})['csrf']!.split('.')[1]}`];
    const url = new URL(page.action);
    const { browser } = alice.person;
    const refusals = [
      await new Browser(installation).request(url, 'POST', form(page, {})),
      await bob.person.browser.request(url, 'POST', form(page, {})),
      await browser.request(url, 'POST', form(hisPage, {})),
      ...(await Promise.all(fields.map((csrf) => browser.request(url, 'POST', form(page, { csrf }))))),
      await press(flow, page, 'maybe'),
      await press(flow, page, 'accept', { 'sec-fetch-site': 'cross-site' }),
      await press(flow, page, 'accept', { 'sec-fetch-site': 'same-site' }),
    ];
    expect(refusals.map(({ status, headers }) => [status, headers['location']])).toEqual(
      refusals.map(() => [403, undefined]),
    );
    // Nothing of that has moved either flow.
    expect((await press(flow, page, 'accept', { 'sec-fetch-site': 'same-origin' })).status).toBe(303);
    expect((await press(his, hisPage, 'accept')).status).toBe(303);
    for (const one of [alice, bob]) await expectNothing(one);
  });

  it('CN-37 previews, HEAD and prefetch spend nothing', async () => {
    const own = await scene.another();
    const { browser } = own.person;
    const flow = own.flow();
    await flow.begin();
    const glances = async (url: URL | string) => {
      const at = new URL(url);
      await new Browser(installation).request(at, 'GET'); // a previewer has no cookies of ours
      await browser.request(at, 'HEAD');
      await browser.request(at, 'GET', undefined, { 'sec-purpose': 'prefetch;prerender' });
      await browser.request(at, 'GET', undefined, { purpose: 'prefetch' });
    };
    await glances(flow.link);
    let at = new URL(flow.link);
    while (!at.pathname.endsWith('/signed-in'))
      at = new URL((await browser.request(at, 'GET')).headers['location']!, at);
    await glances(at);
    const consent = (await browser.visit(at.href)).page!;
    expect(consent.hasButton('accept')).toBe(true);
    const atProvider = new URL((await press(flow, consent, 'accept')).headers['location']!);
    const callback = new URL((await browser.request(atProvider, 'GET')).headers['location']!);
    await glances(callback);
    expect((await comeBack(flow, callback)).url.searchParams.has('connect_code')).toBe(true);
    await expectNothing(own);
  });

  describe('CN-32', () => {
    /** What becomes of a link that is opened then; somebody blocked is not even signed in any more. */
    const switchedOff: [string, string | number, (own: Scene) => Promise<unknown>][] = [
      [
        'the connection is disabled',
        'access_denied',
        ({ connection, client }) => enable(installation, connection.id, [client], false),
      ],
      [
        'the vault is switched off',
        'access_denied',
        ({ connection }) =>
          installation.manage('PATCH', `/connections/${connection.id}`, { connected_accounts: { active: false } }),
      ],
      [
        'the person is blocked',
        403,
        ({ person }) => installation.manage('PATCH', `/users/${encodeURIComponent(person.userId)}`, { blocked: true }),
      ],
    ];

    it.each(switchedOff)('nothing goes on between any two steps once %s', async (_, refusal, switchOff) => {
      const own = await Scene.create(installation, { provider: { auto: 'accept' } });
      const { browser } = own.person;
      const [begun, asked, away, back] = [own.flow(), own.flow(), own.flow(), own.flow()];
      await begun.begin();
      const page = await consentOf(asked);
      const callback = await heldBack(away);
      await comeBack(back, await heldBack(back));
      await switchOff(own);
      const opened = await begun.open();
      expect(opened.page?.status ?? opened.url.searchParams.get('error')).toBe(refusal);
      for (const arrival of [await browser.submit(page, { action: 'accept' }), await comeBack(away, callback)])
        expect([arrival.page, arrival.url.searchParams.get('error')]).toEqual([null, 'access_denied']);
      expect([401, 404]).toContain((await back.complete()).status);
      expect((await own.provider.state()).tokenRequests.authorization_code).toBe(0);
      expect(await installation.tokensets(own.person.userId)).toEqual([]);
    });
  });

  it('CN-43 opens although nothing of ours may be called from inside', async () => {
    const own = await Scene.create(installation, { provider: { auto: 'accept' } });
    const options = { client_id: 'app', client_secret: 'cnry_cs_own', issuer: installation.url };
    const made = { name: own.connection.name.replace('connection', 'inside'), strategy: 'oidc', options };
    const refused = await installation.management('POST', '/connections', made);
    expect([refused.status, refused.text]).toEqual([400, expect.stringMatching(/issuer/) as string]);
    await own.connect();
  });

  it('CN-44 somebody made anew with the public id of a deleted person is somebody else', async () => {
    const user_id = newVerifier();
    const personNow = () => createPerson(installation, { user_id });
    const own = await Scene.create(installation, { provider: { auto: 'accept' } });
    const alice = await Scene.of(installation, own.client, own.connection, await personNow());
    const [begun, back] = [alice.flow(), alice.flow()];
    await begun.begin();
    await comeBack(back, await heldBack(back));
    await installation.manage('DELETE', `/users/${encodeURIComponent(alice.person.userId)}`);
    const anew = await Scene.of(installation, own.client, own.connection, await personNow());
    expect(anew.person.userId).toBe(alice.person.userId);
    expectRefused(await begun.open(anew.person), /another account|not valid any more/);
    expect((await back.complete({}, anew.myAccount)).status).toBe(404);
    await expectNothing(anew);
  });
});
