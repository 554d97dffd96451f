import {
  APP_STATE,
  Browser,
  challengeOf,
  createClient,
  createConnection,
  enable,
  eventually,
  Installation,
  login,
  myAccountToken,
  newVerifier,
  Scene,
} from './driver/index.js';

describe('the connect flow', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation);
  });
  afterAll(() => installation.close());

  const problem = (answer: { status: number; json: Record<string, unknown> }) => [
    answer.status,
    String(answer.json['type']).split('/').pop(),
  ];
  const begin = (changes: Record<string, unknown>) => scene.flow(changes).begin();

  it('CO-01 answers with a link in four members', async () => {
    const answer = await begin({});
    expect(answer.status).toBe(201);
    expect(Object.keys(answer.json).sort()).toEqual(['auth_session', 'connect_params', 'connect_uri', 'expires_in']);
    expect(String(answer.json['auth_session']).length).toBeLessThanOrEqual(64);
    expect(answer.json['connect_uri']).toBe(`${installation.url}/connected-accounts/connect`);
    expect(answer.json['connect_params']).toEqual({ ticket: expect.any(String) });
    expect(answer.json['expires_in']).toBe(300);
  });

  it('CO-02 names the missing connection', async () => {
    const answer = await begin({ connection: undefined });
    expect(problem(answer)).toEqual([400, 'A0E-400-0003']);
    expect(answer.json).toMatchObject({ title: 'Validation Error', status: 400 });
    expect(JSON.stringify(answer.json['validation_errors'])).toContain('connection');
  });

  it('CO-03 refuses an empty list of scopes, and asks for the configured ones where none is given', async () => {
    expect(problem(await begin({ scopes: [] }))).toEqual([400, 'A0E-400-0003']);
    const flow = scene.flow();
    await flow.begin();
    const atProvider = await flow.accept((await flow.open()).page!);
    expect(atProvider.url.searchParams.get('scope')).toBe('read write');
  });

  it('CO-04 takes a challenge with S256 alone, and no member it does not know', async () => {
    for (const changes of [
      { code_challenge_method: undefined },
      { code_challenge_method: 'plain' },
      { unknown_member: 'x' },
      { authorization_params: { redirect_uri: 'https://evil.example/' } },
    ])
      expect(problem(await begin(changes))).toEqual([400, 'A0E-400-0003']);
  });

  it('CO-05 passes a max_age on that came as a string', async () => {
    const flow = scene.flow({ authorization_params: { max_age: '10' } });
    expect((await flow.begin()).status).toBe(201);
    const atProvider = await flow.accept((await flow.open()).page!);
    expect(atProvider.url.searchParams.get('max_age')).toBe('10');
  });

  it('CO-06 refuses a redirect_uri that is not one of the callbacks', async () => {
    for (const redirect_uri of [
      'https://app.example/callback/',
      'https://APP.example/callback',
      'https://evil.example/',
    ])
      expect((await begin({ redirect_uri })).status).toBe(400);
  });

  it('CO-07 answers alike for a connection that is unknown, not enabled, or has its vault off', async () => {
    const notEnabled = await createConnection(installation, { clients: [] });
    const off = await createConnection(installation, { clients: [scene.client] });
    await installation.manage('PATCH', `/connections/${off.id}`, { connected_accounts: { active: false } });
    const answers = [];
    for (const connection of ['nothing-here', notEnabled.name, off.name]) answers.push(await begin({ connection }));
    for (const answer of answers) expect(problem(answer)).toEqual([404, 'A0E-404-0001']);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it('CO-08 CO-21 sends the browser to the provider with our own redirect URI, the scopes asked and PKCE', async () => {
    const own = await Scene.create(installation, { strategy: 'oidc', scopes: ['openid', 'email', 'address'] });
    const flow = own.flow({ scopes: ['profile'] });
    await flow.begin();
    const consent = (await flow.open()).page!;
    expect(consent.hasButton('accept')).toBe(true);
    expect(consent.hasButton('deny')).toBe(true);
    expect(consent.words).toContain('profile');
    expect(consent.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    const { url } = await flow.accept(consent);
    expect(url.href.split('?')[0]).toBe(`${own.provider.url}/authorize`);
    expect(url.searchParams.get('redirect_uri')).toBe(`${installation.url}/connect/callback/${own.connection.name}`);
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    expect(url.searchParams.get('client_id')).toBe(own.provider.clientId);
    expect(url.searchParams.get('state')).not.toBe(APP_STATE);
    expect(url.searchParams.get('nonce')).toBeTruthy();
    expect(url.searchParams.get('scope')?.split(' ').sort()).toEqual(['offline_access', 'openid', 'profile']);
  });

  it('CO-09 brings the browser back with a connect_code and the state, byte for byte', async () => {
    const flow = scene.flow();
    await flow.begin();
    const { url, page } = await flow.throughBrowser('person-3');
    expect(page).toBeNull();
    expect(url.href.split('?')[0]).toBe(scene.client.callback);
    expect([...url.searchParams.keys()].sort()).toEqual(['connect_code', 'state']);
    expect(url.searchParams.get('state')).toBe(APP_STATE);
    expect(flow.connectCode).not.toBe('');
    expect(flow.connectCode.length).toBeLessThanOrEqual(46);
    expect((await scene.provider.state()).tokenRequests.authorization_code).toBe(0);
  });

  it('CO-10 tells the app that the person refused at the provider', async () => {
    const flow = scene.flow();
    await flow.begin();
    const atProvider = await flow.accept((await flow.open()).page!);
    const { url } = await flow.approve(atProvider.page!, { action: 'deny' });
    expect(url.searchParams.get('error')).toBe('access_denied');
    expect(url.searchParams.get('error_description')).toBeTruthy();
    expect(url.searchParams.get('state')).toBe(APP_STATE);
    expect((await flow.complete({ connect_code: undefined })).status).toBe(400);
    expect((await flow.complete({ connect_code: 'guessed' })).status).toBe(404);
    expect(await scene.accounts()).toEqual([]);
  });

  it('tells the app that the person refused on our own page', async () => {
    const flow = scene.flow();
    await flow.begin();
    const consent = (await flow.open()).page!;
    const { url } = await scene.person.browser.submit(consent, { action: 'deny' });
    expect(url.searchParams.get('error')).toBe('access_denied');
    expect(url.searchParams.get('state')).toBe(APP_STATE);
  });

  it('CO-11 shows a page and redeems nothing when another person opens the link, or it is opened again', async () => {
    const bob = await scene.another();
    const before = await scene.provider.state();
    const flow = scene.flow();
    await flow.begin();
    const wrong = await flow.open(bob.person);
    expect(wrong.page).not.toBeNull();
    expect(wrong.page!.hasButton('accept')).toBe(false);
    expect(wrong.page!.words).toMatch(/nothing was connected/i);
    const late = scene.flow();
    await late.begin();
    await late.throughBrowser('person-3');
    const again = await late.open();
    expect(again.page!.hasButton('accept')).toBe(false);
    expect((await scene.provider.state()).tokenRequests).toEqual(before.tokenRequests);
  });

  it('CO-12 and CO-15 complete with an account, and the exchange works right after', async () => {
    const own = await scene.another();
    const flow = own.flow();
    await flow.begin();
    await flow.throughBrowser('person-2');
    const answer = await flow.complete();
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      id: expect.stringMatching(/^cac_[A-Za-z0-9]+$/),
      connection: own.connection.name,
      access_type: 'offline',
      scopes: ['read', 'write'],
    });
    const createdAt = String(answer.json['created_at']);
    expect(new Date(createdAt).toISOString()).toBe(createdAt);
    const exchanged = await own.exchange();
    expect(exchanged.status).toBe(200);
    expect(await own.provider.owner(String(exchanged.json['access_token']))).toBe('person-2');
    expect(await own.accounts()).toMatchObject([{ id: answer.json['id'] }]);
  });

  it('CO-13 refuses every second or wrong complete and keeps one account', async () => {
    const own = await Scene.create(installation);
    const bob = await own.another();
    const otherClient = await createClient(installation);
    await enable(installation, own.connection.id, [otherClient]);
    const tokens = await login(installation, otherClient, own.person);
    const throughOther = await myAccountToken(installation, otherClient, tokens.refreshToken);

    const done = own.flow();
    await done.begin();
    await done.throughBrowser();
    expect((await done.complete()).status).toBe(201);
    expect((await done.complete()).status).toBe(404);

    const wrongs: [Record<string, unknown>, string, number][] = [
      [{ code_verifier: newVerifier() }, own.myAccount, 400],
      [{ code_verifier: undefined }, own.myAccount, 400],
      [{ redirect_uri: 'https://app.example/other' }, own.myAccount, 400],
      [{ connect_code: challengeOf('guess') }, own.myAccount, 400],
      [{}, bob.myAccount, 404],
      [{}, throughOther, 404],
    ];
    for (const [changes, token, status] of wrongs) {
      const flow = own.flow();
      await flow.begin();
      await flow.throughBrowser();
      expect((await flow.complete(changes, token)).status).toBe(status);
      expect((await flow.complete()).status).toBe(404); // one attempt, no guessing
    }
    expect(await own.accounts()).toHaveLength(1);
    expect(await bob.accounts()).toEqual([]);
    expect((await own.provider.state()).tokenRequests.authorization_code).toBe(1);
  });

  it('CO-14 does not say why a session cannot be completed', async () => {
    const answer = await scene.flow().complete({ auth_session: 'cnry_as_unknown', connect_code: 'x' });
    expect(problem(answer)).toEqual([404, 'A0E-404-0001']);
    expect(answer.json).toMatchObject({ title: 'Not Found', detail: 'Invalid or expired session' });
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  it('CO-16 CO-17 lets nobody in but a person with the scope, and challenges nobody', async () => {
    const { client, tokens } = scene;
    const reading = await myAccountToken(
      installation,
      client,
      tokens.refreshToken,
      'openid read:me:connected_accounts',
    );
    const management = await installation.token({
      ...{ grant_type: 'client_credentials', audience: `${installation.url}/api/v2/` },
      ...{ client_id: installation.address.managementClientId },
      ...{ client_secret: installation.address.managementClientSecret },
    });
    for (const [token, status, type] of [
      [String(management.json['access_token']), 401, 'A0E-401-0003'],
      [tokens.accessToken, 401, 'A0E-401-0003'],
      [reading, 403, 'A0E-403-0002'],
    ] as const) {
      const answer = await installation.me(token, 'POST', '/connect', { connection: scene.connection.name });
      expect(problem(answer)).toEqual([status, type]);
      expect(answer.headers['www-authenticate']).toBeUndefined();
    }
  });

  it('CO-18 CO-20 takes JSON, and no names but its own', async () => {
    const text = { authorization: `Bearer ${scene.myAccount}`, 'content-type': 'text/plain' };
    const url = `${installation.url}/me/v1/connected-accounts/connect`;
    expect((await installation.http.send(url, { method: 'POST', headers: text, body: '{}' })).status).toBe(415);
    expect((await scene.me('POST', '', {})).status).toBe(404);
    expect(problem(await begin({ authorization_parameters: { scope: 'x' } }))).toEqual([400, 'A0E-400-0003']);
  });

  describe('two people', () => {
    /** Alice asks for a link; nothing may come of it unless she herself finishes. */
    const start = async () => {
      const alice = await Scene.create(installation, { provider: { auto: 'accept' } });
      const bob = await alice.another();
      const flow = alice.flow();
      await flow.begin();
      const nothing = async () => {
        expect(await alice.accounts()).toEqual([]);
        expect(await bob.accounts()).toEqual([]);
        expect((await alice.provider.state()).tokenRequests.authorization_code).toBe(0);
        for (const one of [alice, bob]) expect((await one.exchange()).status).toBe(401);
      };
      return { alice, bob, flow, nothing };
    };
    /** Of this connection, once there are any: the log hears of them by an event. */
    const failures = async (connection: string) => {
      const query = encodeURIComponent(`type:connected_accounts_connection_failed connection:"${connection}"`);
      const logs = await eventually(
        async () => (await installation.management('GET', `/logs?q=${query}`)).list,
        ({ length }) => length > 0,
      );
      return logs.map(({ details }) => (details as { error?: { type: string } }).error?.type);
    };

    it('CN-01 burns the link when somebody else, signed in, opens it', async () => {
      const { alice, bob, flow, nothing } = await start();
      const arrival = await flow.open(bob.person);
      expect(arrival.page!.hasButton('accept')).toBe(false);
      expect(arrival.page!.words).toMatch(/another account/i);
      expect((await flow.open()).page!.hasButton('accept')).toBe(false);
      expect((await flow.complete({ connect_code: 'guessed' })).status).toBe(404);
      await nothing();
      expect(await failures(alice.connection.name)).toContain('user_mismatch');
    });

    it('CN-02 burns the link when somebody else signs in for it', async () => {
      const { alice, flow, nothing } = await start();
      const bob = await alice.another();
      const browser = new Browser(installation);
      const arrival = await flow.open(bob.person, browser);
      expect(browser.trail.some(({ pathname }) => pathname.startsWith('/u/login/'))).toBe(true);
      expect(arrival.page!.hasButton('accept')).toBe(false);
      expect((await flow.open()).page!.hasButton('accept')).toBe(false);
      await nothing();
    });

    it("CN-03 shows a page for Alice's callback in Bob's browser, and hers still works", async () => {
      const { alice, bob, flow } = await start();
      await alice.provider.change({ auto: null });
      const atProvider = await flow.accept((await flow.open()).page!);
      const page = atProvider.page!;
      // The provider's answer, held back before her browser follows it.
      const form = new URLSearchParams(page.filled({ action: 'accept' })).toString();
      const answered = await alice.person.browser.request(new URL(page.action), 'POST', form);
      const callback = answered.headers['location']!;
      const stolen = await bob.person.browser.visit(callback);
      expect(stolen.page).not.toBeNull();
      expect(stolen.page!.status).toBeGreaterThanOrEqual(400);
      expect((await alice.provider.state()).tokenRequests.authorization_code).toBe(0);
      const own = await alice.person.browser.visit(callback);
      flow.connectCode = own.url.searchParams.get('connect_code') ?? '';
      expect((await flow.complete()).status).toBe(201);
      expect(await bob.accounts()).toEqual([]);
    });

    it("CN-04 ends the session when Bob completes with Alice's codes", async () => {
      const { bob, flow, nothing } = await start();
      await flow.throughBrowser();
      const answer = await flow.complete({}, bob.myAccount);
      expect([answer.status, answer.json['detail']]).toEqual([404, 'Invalid or expired session']);
      expect((await flow.complete()).status).toBe(404);
      await nothing();
    });

    it('CN-05 ends the session when Alice completes through another client', async () => {
      const { alice, flow, nothing } = await start();
      await flow.throughBrowser();
      const client = await createClient(installation);
      await enable(installation, alice.connection.id, [client]);
      const tokens = await login(installation, client, alice.person);
      const token = await myAccountToken(installation, client, tokens.refreshToken);
      expect((await flow.complete({}, token)).status).toBe(404);
      expect((await flow.complete()).status).toBe(404);
      await nothing();
    });
  });
});
