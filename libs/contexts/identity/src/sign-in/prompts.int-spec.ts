import { ConnectionDirectory, type ConnectionView } from '@strongroom/contracts';
import { decodeJwt } from 'jose';
import { type AuthorizationApp, CALLBACK, PASSWORD, startIdentity } from '../../test/authorization-app.js';
import { type Browser, type Page } from '../../test/browser.js';
import { type SaidConnections } from '../../test/registry-app.js';

describe('what a sign-in asks', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  let connections: SaidConnections;
  const email = 'someone@example.com';
  const other = 'other@example.com';
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client();
    for (const one of [email, other]) ids[one] = (await identity.person(one)).user_id;
    connections = identity.app.get(ConnectionDirectory, { strict: false });
  });
  afterAll(() => identity?.stop());

  const asked = (params: Record<string, string> = {}, who: { client_id: string } = client) =>
    `/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: who.client_id,
      redirect_uri: CALLBACK,
      scope: 'openid email',
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
      ...params,
    }).toString()}`;
  const signIn = async (who = email): Promise<Browser> => {
    const browser = identity.browser();
    await identity.authorize(browser, who, client);
    return browser;
  };
  const password = (browser: Browser, page: Page, username = email) =>
    browser.submit(page, { username, password: PASSWORD });
  const pathOf = ({ path }: Page) => path.split('/').slice(0, 3).join('/');
  const answer = ({ left }: Page) => Object.fromEntries(new URL(left ?? 'none://').searchParams);
  const subject = async (browser: Browser, params: Record<string, string> = {}) =>
    decodeJwt(
      (await identity.redeem(client, await identity.authorize(browser, '', client, params))).body['id_token'] as string,
    );

  describe('of who is signed in', () => {
    it('ID-19 asks for the password again for prompt=login and max_age=0, once, and says when it was typed', async () => {
      const asking: Record<string, string>[] = [{ prompt: 'login' }, { max_age: '0' }, { prompt: 'login consent' }];
      for (const params of asking) {
        const browser = await signIn();
        await identity.database.query(
          `update artefacts set payload = jsonb_set(payload, '{loginTs}', to_jsonb((payload->>'loginTs')::int - 6000))
           where kind = 'Session'`,
        );
        let page = await browser.open(asked(params));
        expect(pathOf(page)).toBe('/u/login');
        page = await password(browser, page);
        if (params['prompt'] === 'login consent') {
          expect(pathOf(page)).toBe('/u/consent');
          page = await browser.submit(page, { action: 'accept' });
        }
        expect(answer(page)['code']).toBeDefined();
      }
      const browser = await signIn();
      const signed = await identity.authorize(browser, email, client, { max_age: '0' });
      const { auth_time } = decodeJwt((await identity.redeem(client, signed)).body['id_token'] as string);
      expect(auth_time).toBeGreaterThan(Date.now() / 1000 - 600);
    });

    it('ID-19 asks again when the password is older than max_age, and not when it is younger', async () => {
      const browser = await signIn();
      expect(answer(await browser.open(asked({ max_age: '600' })))['code']).toBeDefined();
      await identity.database.query(
        `update artefacts set payload = jsonb_set(payload, '{loginTs}', to_jsonb((payload->>'loginTs')::int - 601))
         where kind = 'Session'`,
      );
      expect(answer(await browser.open(asked({ max_age: '600', prompt: 'none' })))['error']).toBe('login_required');
      expect(pathOf(await browser.open(asked({ max_age: '600' })))).toBe('/u/login');
    });

    it('ID-19 select_account offers who is signed in, or another account', async () => {
      const browser = await signIn();
      let page = await browser.open(asked({ prompt: 'select_account' }));
      expect(pathOf(page)).toBe('/u/select');
      expect(page.text).toContain('A person');
      page = await browser.submit(page, { action: 'accept' });
      expect(answer(page)['code']).toBeDefined();
      page = await browser.open(asked({ prompt: 'select_account' }));
      page = await browser.submit(page, { action: 'other' });
      expect(pathOf(page)).toBe('/u/login');
      page = await password(browser, page, other);
      expect(answer(page)['code']).toBeDefined();
      expect((await subject(browser)).sub).toBe(ids[other]);
    });

    it('ID-19 select_account is answered by signing in where nobody is', async () => {
      const browser = identity.browser();
      const page = await browser.open(asked({ prompt: 'select_account' }));
      expect(pathOf(page)).toBe('/u/login');
      expect(answer(await password(browser, page))['code']).toBeDefined();
      const both = await browser.open(asked({ prompt: 'none select_account' }));
      expect(answer(both)['error']).toBe('invalid_request');
    });

    it('lets the last of two tabs say who is signed in, whoever signed in by the other', async () => {
      const browser = identity.browser();
      const tabs = [await browser.open(asked()), await browser.open(asked()), await browser.open(asked())] as const;
      const { sid } = decodeJwt(
        (await identity.redeem(client, await identity.authorize(browser, email, client))).body['id_token'] as string,
      );
      expect(answer(await password(browser, tabs[0]))['code']).toBeDefined();
      expect(answer(await password(browser, tabs[1], other))['code']).toBeDefined();
      expect((await subject(browser)).sub).toBe(ids[other]);
      expect((await identity.manage('GET', `/sessions/${sid as string}`)).status).toBe(404);
      expect(answer(await password(browser, tabs[2]))['code']).toBeDefined();
      expect((await subject(browser)).sub).toBe(ids[email]);
    });

    it('C7 sends nobody to a callback that was taken away while they signed in', async () => {
      const moving = await identity.client({ is_first_party: false });
      const browser = identity.browser();
      const [first, second] = [await browser.open(asked({}, moving)), await browser.open(asked({}, moving))];
      const consent = await password(browser, first);
      expect(pathOf(consent)).toBe('/u/consent');
      await identity.manage('PATCH', `/clients/${moving.client_id}`, { callbacks: [`${CALLBACK}/new`] });
      for (const page of [await browser.submit(consent, { action: 'accept' }), await password(browser, second)]) {
        expect([page.status, page.left]).toEqual([400, null]);
        expect(page.text).toContain('invalid_redirect_uri');
      }
    });

    it('asks nobody anything for prompt=none', async () => {
      const third = await identity.client({ is_first_party: false });
      const browser = identity.browser();
      expect(answer(await browser.open(asked({ prompt: 'none', state: 's1' })))).toEqual({
        ...{ error: 'login_required', error_description: expect.any(String), state: 's1', iss: `${identity.origin}/` },
      });
      await identity.authorize(browser, email, client);
      expect(answer(await browser.open(asked({ prompt: 'none' })))['code']).toBeDefined();
      expect(answer(await browser.open(asked({ prompt: 'none' }, third)))['error']).toBe('consent_required');
    });

    it('takes hints for what they are: a name in the field, nobody chosen', async () => {
      const browser = await signIn();
      const hints = { login_hint: other, screen_hint: 'signup', ui_locales: 'tlh fr' };
      expect((await subject(browser, hints)).sub).toBe(ids[email]);
      const page = await identity.browser().open(asked(hints));
      expect(page.text).toContain(`value="${other}"`);
    });

    it('asks for a login where id_token_hint is about somebody else', async () => {
      const browser = await signIn();
      const { id_token } = await identity.tokens(other, client);
      const own = (await identity.redeem(client, await identity.authorize(browser, email, client))).body['id_token'];
      expect(answer(await browser.open(asked({ id_token_hint: own as string, prompt: 'none' })))['code']).toBeDefined();
      const foreign = await browser.open(asked({ id_token_hint: id_token, prompt: 'none' }));
      expect(answer(foreign)['error']).toBe('login_required');
      expect(pathOf(await browser.open(asked({ id_token_hint: id_token })))).toBe('/u/login');
    });

    it('A6 lets nobody in who was blocked while they signed in, also not when they are unblocked', async () => {
      const { user_id } = await identity.person('blocked@example.com');
      const personPath = `/users/${encodeURIComponent(user_id)}`;
      const browser = identity.browser();
      const page = await browser.open(asked());
      const csrf = /name="csrf" value="([^"]+)"/.exec(page.text)![1]!;
      const form = { csrf, username: 'blocked@example.com', password: PASSWORD };
      const cookie = [...browser.cookies].map(([key, { value }]) => `${key.split('@')[0]}=${value}`).join('; ');
      const sent = await identity.post(page.path, form, { cookie });
      await identity.manage('PATCH', personPath, { blocked: true });
      const onward = await browser.open(sent.headers.get('location')!);
      expect(pathOf(onward)).toBe('/u/login');
      await identity.manage('PATCH', personPath, { blocked: false });
      expect(answer(await browser.open(asked({ prompt: 'none' })))['error']).toBe('login_required');
    });
  });

  describe('of the connection and the API', () => {
    const described = (name: string, changes: Partial<ConnectionView>) =>
      connections.known.set(name, {
        ...{ connectionId: `con_${name}`, name, displayName: name, strategy: 'auth0', vaultActive: false },
        ...{ loginActive: true, fillsAtSignIn: false, allowMissingUserId: false, enabledForClient: true },
        ...{ options: {}, metadata: null, tokenOrigin: null, ...changes },
      });

    it('ID-19 takes a database connection, and refuses one that is off, unknown, or a provider', async () => {
      described('Username-Password-Authentication', {});
      described('other-database', {});
      described('switched-off', { loginActive: false });
      described('not-this-client', { enabledForClient: false });
      described('google-oauth2', { strategy: 'google-oauth2' });
      const browser = identity.browser();
      let page = await browser.open(asked({ connection: 'other-database' }));
      expect((await password(browser, page)).status).toBe(401); // the person is in another one
      page = await browser.open(asked({ connection: 'Username-Password-Authentication' }));
      expect(answer(await password(browser, page))['code']).toBeDefined();
      for (const connection of ['switched-off', 'not-this-client', 'nowhere'])
        expect(answer(await browser.open(asked({ connection })))).toMatchObject({
          error: 'invalid_request',
          error_description: expect.stringContaining('unknown, or not enabled') as string,
        });
      expect(answer(await browser.open(asked({ connection: 'google-oauth2' })))['error_description']).toContain(
        'not offered yet',
      );
    });

    it('GR-16 refuses an audience that is none, by redirect, and takes no resource for one', async () => {
      const browser = await signIn();
      expect(answer(await browser.open(asked({ audience: 'nowhere' })))['error']).toBe('invalid_target');
      const urn = { resource: 'urn:strongroom:api:strongroom-management' };
      const { body } = await identity.redeem(client, await identity.authorize(browser, email, client, urn));
      expect(body['access_token']).not.toContain('.'); // a token for /userinfo only
    });
  });

  describe('of a second factor', () => {
    const refused = async (browser: Browser, who: { client_id: string }) => {
      let page = await browser.open(asked({}, who));
      if (pathOf(page) === '/u/login') page = await password(browser, page);
      expect(pathOf(page)).toBe('/u/mfa');
      expect(page.text).toContain('second factor');
      return answer(await browser.submit(page, {}));
    };

    it('RE-20 says on a page that none is set up while the policy is Always, and lets nobody pass', async () => {
      expect((await identity.manage('PUT', '/guardian/policies', ['all-applications'])).status).toBe(200);
      const browser = identity.browser();
      expect(await refused(browser, client)).toMatchObject({ error: 'access_denied' });
      expect(answer(await browser.open(asked({ prompt: 'none' })))['error']).toBe('interaction_required');
      await identity.manage('PUT', '/guardian/policies', []);
      expect(answer(await browser.open(asked({ prompt: 'none' })))['code']).toBeDefined();
    });

    it('RE-24 asks for one where the client does, or the tenant and not the client', async () => {
      const strict = await identity.client({ require_mfa_at_login: true });
      const lenient = await identity.client({ require_mfa_at_login: false });
      const { refresh_token } = await identity.tokens(email, client);
      const browser = await signIn();
      expect(await refused(browser, strict)).toMatchObject({ error: 'access_denied' });
      expect(answer(await browser.open(asked({ prompt: 'none' }, strict)))['error']).toBe('interaction_required');
      const tenant = await identity.manage('PATCH', '/tenants/settings', { require_mfa_at_login: true });
      expect(tenant.status).toBe(200);
      expect(answer(await browser.open(asked({ prompt: 'none' }, lenient)))['code']).toBeDefined();
      expect(answer(await browser.open(asked({ prompt: 'none' })))['error']).toBe('interaction_required');
      expect((await identity.refresh(client, refresh_token)).status).toBe(200);
      await identity.manage('PATCH', '/tenants/settings', { require_mfa_at_login: false });
    });

    it('RE-24 is satisfied once per session by a factor that was shown', async () => {
      const strict = await identity.client({ require_mfa_at_login: true });
      const browser = await signIn();
      await identity.database.query(
        `update artefacts set payload = jsonb_set(payload, '{amr}', '["pwd","mfa"]') where kind = 'Session'`,
      );
      expect(answer(await browser.open(asked({ prompt: 'none' }, strict)))['code']).toBeDefined();
    });
  });

  describe('of consent', () => {
    it('A4 asks for each client by itself, in the words of the API, and once', async () => {
      await identity.manage('POST', '/resource-servers', {
        identifier: 'letters',
        scopes: [
          ...[{ value: 'read:letters', description: 'Read <your> letters' }, { value: 'burn:letters' }],
          ...[{ value: 'constructor' }, { value: '__proto__' }, { value: 'openid' }],
        ],
      });
      const [one, two] = [await identity.client({ is_first_party: false }), await identity.client({ name: 'Second' })];
      const params = { audience: 'letters', scope: 'openid read:letters burn:letters constructor __proto__' };
      const browser = await signIn();
      let page = await browser.open(asked(params, one));
      expect(pathOf(page)).toBe('/u/consent');
      expect(page.text).toContain('Read &lt;your&gt; letters');
      for (const scope of ['burn:letters', 'constructor', '__proto__'])
        expect(page.text).toContain(`Use this permission <code>${scope}</code>`);
      expect(page.text.match(/<code>openid<\/code>/g)).toHaveLength(1);
      expect(page.text).toContain('<strong>app.example.com</strong>');
      expect(answer(await browser.submit(page, { action: 'deny' }))['error']).toBe('access_denied');
      page = await browser.submit(await browser.open(asked(params, one)), { action: 'accept' });
      expect(answer(page)['code']).toBeDefined();
      expect(answer(await browser.open(asked(params, one)))['code']).toBeDefined();
      page = await browser.open(asked({ ...params, prompt: 'consent' }, one));
      await identity.manage('DELETE', `/clients/${one.client_id}`);
      expect((await browser.submit(page, { action: 'accept' })).text).toContain('invalid_client');
      expect((await identity.manage('GET', `/grants?client_id=${one.client_id}`)).body).toEqual([]);
      // First party, but the API does not allow to skip the question.
      expect(pathOf(await browser.open(asked(params, two)))).toBe('/u/consent');
    });
  });
});
