import { changed, comeBack, consentOf, expectNothing, expectRefused, heldBack, press } from './connect-steps.js';
import { Browser, type ConnectFlow, Installation, Scene } from './driver/index.js';

const REFUSED = /was not accepted/;
/** Texts that a careless decoder or encoder changes. */
const STATES = ['a==', 'b+c d', '100%25&x=1', 'grüße', '%2B'];

describe('what comes back from the provider', () => {
  const installation = Installation.fromEnvironment();
  /** Of this one nothing is ever completed. */
  let scene: Scene;
  /** Of this one something is. */
  let connecting: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation, { provider: { auto: 'accept' } });
    connecting = await Scene.create(installation, { provider: { auto: 'accept' } });
  });
  afterEach(() => expectNothing(scene));
  afterAll(() => installation.close());

  const callbackOf = (name: string, members: Record<string, string>) =>
    `${installation.url}/connect/callback/${name}?${new URLSearchParams(members).toString()}`;
  const ended = async (flow: ConnectFlow) => expect((await flow.complete({ connect_code: 'x' })).status).toBe(404);

  describe('CN-08', () => {
    it('a state that is dropped, altered or doubled is a page, and the flow goes on; reused it is one too', async () => {
      const own = await scene.another();
      const flow = own.flow();
      const callback = await heldBack(flow);
      const state = callback.searchParams.get('state')!;
      const wrong = [
        changed(callback, { state: null }),
        changed(callback, { state: '' }),
        changed(callback, { state: `${state}x` }),
        changed(callback, { state: 'unknown' }),
        `${callback.href}&state=${state}`,
      ];
      for (const url of wrong) expectRefused(await own.person.browser.visit(url), REFUSED);
      expect((await comeBack(flow, callback)).page).toBeNull();
      expectRefused(await own.person.browser.visit(callback.href), REFUSED);
    });

    it('a code that comes twice ends the flow', async () => {
      const flow = scene.flow();
      const callback = await heldBack(flow);
      expectRefused(await comeBack(flow, `${callback.href}&code=cnry_other`), REFUSED);
      expectRefused(await comeBack(flow, callback), REFUSED);
      await ended(flow);
    });

    it('states of two flows that are swapped lead nowhere, be they of two people or of two connections', async () => {
      const [alice, bob] = [await scene.another(), await scene.another()];
      const [hers, his] = [await heldBack(alice.flow()), await heldBack(bob.flow())];
      const swapped = changed(hers, { state: his.searchParams.get('state') });
      expectRefused(await alice.person.browser.visit(swapped), REFUSED);
      expect((await bob.person.browser.visit(his.href)).url.searchParams.has('connect_code')).toBe(true);
      const elsewhere = await Scene.of(installation, connecting.client, connecting.connection, alice.person);
      const other = elsewhere.flow();
      const state = (await heldBack(other)).searchParams.get('state');
      expectRefused(await alice.person.browser.visit(changed(hers, { state })), REFUSED);
      await ended(other);
    });
  });

  it('CN-09 the flow ends when the connection in the path is another one', async () => {
    const flow = scene.flow();
    const callback = await heldBack(flow);
    const path = `/connect/callback/${connecting.connection.name}`;
    expectRefused(await comeBack(flow, new URL(path + callback.search, callback)), REFUSED);
    expectRefused(await comeBack(flow, callback), REFUSED);
    await ended(flow);
  });

  describe('CN-10', () => {
    let evil: Scene;
    beforeAll(async () => {
      const mine = await Scene.create(installation, {
        strategy: 'oidc',
        scopes: ['openid'],
        provider: { auto: 'accept', iss: 'right' },
      });
      evil = await Scene.of(installation, mine.client, mine.connection, scene.person);
    });
    afterEach(() => expectNothing(evil));

    /** The code that the honest provider gives a browser which evil has sent on, with the state of evil's flow. */
    async function honestCode(flow: ConnectFlow): Promise<{ code: string; state: string }> {
      const page = await consentOf(flow);
      const asked = new URL((await press(flow, page, 'accept')).headers['location']!);
      const onwards = new URL(`${scene.provider.url}/authorize${asked.search}`);
      const honest = changed(onwards, {
        client_id: scene.provider.clientId,
        redirect_uri: `${installation.url}/connect/callback/${scene.connection.name}`,
        scope: 'read',
      });
      const answer = await scene.person.browser.request(new URL(honest), 'GET');
      const { searchParams } = new URL(answer.headers['location']!);
      return { code: searchParams.get('code')!, state: searchParams.get('state')! };
    }

    it.each([
      ['the honest path', () => scene.connection.name, () => ({})],
      ['the honest path, with the honest issuer', () => scene.connection.name, () => ({ iss: scene.provider.url })],
      ['its own path, with the honest issuer', () => evil.connection.name, () => ({ iss: scene.provider.url })],
      ['its own path, without an issuer', () => evil.connection.name, () => ({})],
    ])('a code of another provider does not reach the token endpoint of evil by %s', async (_, name, iss) => {
      const flow = evil.flow();
      const url = callbackOf(name(), { ...(await honestCode(flow)), ...iss() });
      expectRefused(await comeBack(flow, url), REFUSED);
      await ended(flow);
    });
  });

  it('CN-11 an issuer that the metadata promise must be there, once, and right', async () => {
    const promised = await Scene.create(installation, {
      strategy: 'oidc',
      scopes: ['openid'],
      provider: { auto: 'accept', iss: 'right', issPromised: true },
    });
    for (const iss of ['absent', 'wrong', 'twice']) {
      await promised.provider.change({ iss });
      const flow = promised.flow();
      expectRefused(await comeBack(flow, await heldBack(flow)), REFUSED);
      await ended(flow);
    }
    await expectNothing(promised);
    await promised.provider.change({ iss: 'right' });
    await promised.connect();
  });

  it('CN-13 one of two accepts goes on, and one of two callbacks', async () => {
    const flow = connecting.flow();
    const page = await consentOf(flow);
    const statuses = (answers: { status: number }[]) => answers.map(({ status }) => status).sort();
    const accepts = await Promise.all([press(flow, page, 'accept'), press(flow, page, 'accept')]);
    expect(statuses(accepts)).toEqual([303, 400]);
    const { browser } = connecting.person;
    const atProvider = new URL(accepts.find(({ status }) => status === 303)!.headers['location']!);
    const callback = new URL((await browser.request(atProvider, 'GET')).headers['location']!);
    const callbacks = await Promise.all([browser.request(callback, 'GET'), browser.request(callback, 'GET')]);
    expect(statuses(callbacks)).toEqual([303, 400]);
    const back = new URL(callbacks.find(({ status }) => status === 303)!.headers['location']!);
    expect((await flow.complete({ connect_code: back.searchParams.get('connect_code') })).status).toBe(201);
  });

  describe('CN-16', () => {
    const errors = [
      ...['access_denied', 'login_required', 'consent_required', 'interaction_required', 'account_selection_required'],
      ...['invalid_scope', 'temporarily_unavailable'],
    ].map((code) => [code, code]);
    const others = ['server_error', 'unauthorized_client', 'cnry_not a code'].map((code) => [code, 'server_error']);

    it.each([...errors, ...others].map(([code, told], i) => [code!, told!, STATES[i % STATES.length]!]))(
      "the provider's %s is %s for the app, with its state %j as it was",
      async (error, told, state) => {
        const flow = scene.flow({ state });
        const callback = changed(await heldBack(flow), { code: null, error, error_description: 'cnry_its words' });
        const { url, page } = await comeBack(flow, callback);
        expect(page).toBeNull();
        expect(url.href.split('?')[0]).toBe(scene.client.callback);
        expect([...url.searchParams.keys()].sort()).toEqual(['error', 'error_description', 'state']);
        expect([url.searchParams.get('error'), url.searchParams.get('state')]).toEqual([told, state]);
        expect(url.href).not.toContain('cnry_');
        await ended(flow);
      },
    );

    it.each(STATES)('a no on our page brings the state %j back as it was', async (state) => {
      const flow = scene.flow({ state });
      const answer = await press(flow, await consentOf(flow), 'deny');
      const { searchParams } = new URL(answer.headers['location']!);
      expect([searchParams.get('error'), searchParams.get('state')]).toEqual(['access_denied', state]);
      await ended(flow);
    });
  });

  it('CN-18 callbacks that were taken away meanwhile are not gone to', async () => {
    const own = await Scene.create(installation, { provider: { auto: 'accept' } });
    const [agreeing, refusing, refusedThere, coming] = [own.flow(), own.flow(), own.flow(), own.flow()];
    const pages = [await consentOf(agreeing), await consentOf(refusing)];
    const denied = changed(await heldBack(refusedThere), { code: null, error: 'access_denied' });
    const callback = await heldBack(coming);
    await installation.manage('PATCH', `/clients/${own.client.id}`, { callbacks: [] });
    const { browser } = own.person;
    const arrivals = [
      await browser.submit(pages[0]!, { action: 'accept' }),
      await browser.submit(pages[1]!, { action: 'deny' }),
      await comeBack(refusedThere, denied),
      await comeBack(coming, callback),
    ];
    for (const arrival of arrivals) expectRefused(arrival, /not possible any more/);
    await expectNothing(own);
  });

  it('CN-22 a form that a provider posts changes nothing by itself, and leads to the GET that does', async () => {
    const flow = connecting.flow();
    const callback = await heldBack(flow);
    const path = new URL(callback.pathname, callback);
    // No browser sends our cookie with a form that another site posts.
    const posted = await new Browser(installation).request(path, 'POST', callback.searchParams.toString());
    expect(posted.status).toBe(303);
    expect(posted.cookies).toEqual([]);
    await ended(flow);
    expect((await comeBack(flow, new URL(posted.headers['location']!, callback))).page).toBeNull();
    expect((await flow.complete()).status).toBe(201);
  });
});
