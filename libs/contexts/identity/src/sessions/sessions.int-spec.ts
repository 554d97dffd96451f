import { VaultError } from '@strongroom/errors';
import { testPostgres } from '@strongroom/testing';
import { decodeJwt } from 'jose';
import {
  type Answer,
  type AuthorizationApp,
  type Browser,
  ROTATING,
  startAuthorization,
} from '../../test/authorization-app.js';
import { emptyDatabase } from '../../test/registry-app.js';

type Client = { client_id: string; client_secret: string };
type Listed = Record<string, unknown> & { id: string };

const ONLINE = { scope: 'openid profile' };

describe('what a sign-in left behind', () => {
  let postgres: Awaited<ReturnType<typeof testPostgres>>;
  let identity: AuthorizationApp;
  let client: Client;
  let count = 0;

  beforeAll(async () => {
    postgres = await testPostgres();
    identity = await startAuthorization(await emptyDatabase(postgres.url));
    client = await identity.client();
    await identity.api('things');
  });
  afterAll(async () => {
    await identity?.stop();
    await postgres?.stop();
  });

  const person = () => identity.person(`person${++count}@example.com`);
  const at = ({ user_id }: { user_id: string }) => `/users/${encodeURIComponent(user_id)}`;
  /** In a browser that may be signed in already. */
  const signIn = async (browser: Browser, email: string, of = client, params: Record<string, string> = {}) => {
    const { status, body, text } = await identity.redeem(of, await identity.authorize(browser, email, of, params));
    if (status !== 200) throw new Error(text);
    const tokens = body as { access_token: string; refresh_token: string; id_token: string };
    return { ...tokens, sid: decodeJwt(tokens.id_token)['sid'] as string };
  };
  const listed = ({ body }: Answer, plural: string) => body[plural] as Listed[];
  /** As the exchange would ask. */
  const exchanged = async (refreshToken: string, of = client) => {
    try {
      await identity.subjects.validate(identity.subject(refreshToken, of));
      return 200;
    } catch (error) {
      return error instanceof VaultError ? `${error.status} ${error.code}` : error;
    }
  };
  const userinfo = async (token: string) =>
    (await identity.get('/userinfo', { authorization: `Bearer ${token}` })).status;
  const asksForLogin = async (browser: Browser, email: string) => {
    const query = new URLSearchParams({
      ...{ response_type: 'code', client_id: client.client_id, scope: 'openid', prompt: 'none' },
      ...{ redirect_uri: 'https://app.example.com/callback', code_challenge: 'a'.repeat(43) },
      ...{ code_challenge_method: 'S256', login_hint: email },
    });
    const page = await browser.open(`/authorize?${query.toString()}`);
    return page.left?.includes('error=login_required');
  };

  describe('sessions', () => {
    it('MG-24 are listed newest first with what is known of them, and named by the sid of their tokens', async () => {
      const user = await person();
      const [first, second] = [identity.browser(), identity.browser()];
      const one = await signIn(first, user.email);
      const two = await signIn(second, user.email);
      const answer = await identity.manage('GET', `${at(user)}/sessions`);
      expect(answer.status).toBe(200);
      expect(listed(answer, 'sessions').map(({ id }) => id)).toEqual([two.sid, one.sid]);
      const got = await identity.manage('GET', `/sessions/${one.sid}`);
      expect(got.body).toEqual(listed(answer, 'sessions')[1]);
      const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
      expect(got.body).toEqual({
        ...{ id: one.sid, user_id: user.user_id, created_at: time, updated_at: time, authenticated_at: time },
        ...{ idle_expires_at: time, expires_at: time, last_interacted_at: time },
        device: {
          ...{ initial_ip: '127.0.0.1', initial_user_agent: 'lightMyRequest' },
          ...{ last_ip: '127.0.0.1', last_user_agent: 'lightMyRequest' },
        },
        clients: [{ client_id: client.client_id }],
        authentication: { methods: [{ name: 'pwd', timestamp: got.body['authenticated_at'] }] },
        cookie: { mode: 'non-persistent' },
      });
    });

    it('MG-24 end by DELETE with what was granted online; refresh tokens stay, and the browser is asked again', async () => {
      const user = await person();
      const other = await identity.client();
      const browser = identity.browser();
      const offline = await signIn(browser, user.email);
      const online = await signIn(browser, user.email, other, ONLINE);
      expect(await userinfo(online.access_token)).toBe(200);
      const deleted = await identity.manage('DELETE', `/sessions/${offline.sid}`);
      expect([deleted.status, deleted.text]).toEqual([202, '']);
      expect(await userinfo(online.access_token)).toBe(401);
      expect(await userinfo(offline.access_token)).toBe(200);
      expect(await exchanged(offline.refresh_token)).toBe(200);
      expect((await identity.refresh(client, offline.refresh_token)).status).toBe(200);
      expect(await asksForLogin(browser, user.email)).toBe(true);
      expect((await identity.manage('GET', `/sessions/${offline.sid}`)).body).toMatchObject({
        ...{ statusCode: 404, errorCode: 'inexistent_session' },
      });
      expect(listed(await identity.manage('GET', `${at(user)}/sessions`), 'sessions')).toEqual([]);
    });

    it('ID-24 know every client of a browser that opens many tabs at once, and each of these is signed in', async () => {
      const [user, browser] = [await person(), identity.browser()];
      const { sid } = await signIn(browser, user.email);
      const tabs = [await identity.client(), await identity.client()].flatMap((one) => Array(8).fill(one) as Client[]);
      const signed = await Promise.all(tabs.map((one) => signIn(browser, user.email, one, ONLINE)));
      expect(new Set(signed.map((one) => one.sid))).toEqual(new Set([sid]));
      const { body } = await identity.manage('GET', `/sessions/${sid}`);
      const ids = new Set([client, ...tabs].map(({ client_id }) => client_id));
      expect(new Set((body['clients'] as Client[]).map(({ client_id }) => client_id))).toEqual(ids);
      await identity.manage('DELETE', `/sessions/${sid}`);
      for (const { access_token } of signed) expect(await userinfo(access_token)).toBe(401);
    });

    it('A6 end a day after the login, however often the browser comes by', async () => {
      const [user, browser] = [await person(), identity.browser()];
      const { sid } = await signIn(browser, user.email);
      const since = (seconds: number) =>
        identity.database.query(
          `update artefacts set payload = jsonb_set(payload, '{loginTs}', to_jsonb(floor(extract(epoch from now())) - $2::int))
           where kind = 'Session' and uid = $1`,
          [sid, seconds],
        );
      const left = async () => {
        const { idle_expires_at, expires_at } = (await identity.manage('GET', `/sessions/${sid}`)).body;
        return [idle_expires_at, expires_at].map((time) =>
          Math.round((Date.parse(time as string) - Date.now()) / 1000),
        );
      };
      await since(23 * 3600);
      expect(await asksForLogin(browser, user.email)).toBe(false);
      expect((await left()).every((seconds) => seconds > 3500 && seconds <= 3600)).toBe(true);
      await since(24 * 3600); // the row was good until now; this visit is the last
      expect(await asksForLogin(browser, user.email)).toBe(false);
      expect(await asksForLogin(browser, user.email)).toBe(true);
      expect((await identity.manage('GET', `/sessions/${sid}`)).status).toBe(404);
    });

    it('MG-24 all end at once, of this person only', async () => {
      const [user, bystander] = [await person(), await person()];
      const browsers = [identity.browser(), identity.browser()];
      for (const browser of browsers) await signIn(browser, user.email);
      const theirs = identity.browser();
      await signIn(theirs, bystander.email);
      expect((await identity.manage('DELETE', `${at(user)}/sessions`)).status).toBe(202);
      for (const browser of browsers) expect(await asksForLogin(browser, user.email)).toBe(true);
      expect(await asksForLogin(theirs, bystander.email)).toBe(false);
    });

    it('MG-24 and ID-24 give one sid to three clients, and revoked take the refresh tokens of all along', async () => {
      const user = await person();
      const clients = [client, await identity.client(), await identity.client(ROTATING)];
      const browser = identity.browser();
      const signed = [];
      for (const one of clients) signed.push(await signIn(browser, user.email, one));
      expect(new Set(signed.map(({ sid }) => sid)).size).toBe(1);
      const elsewhere = await signIn(identity.browser(), user.email);
      const rotated = await identity.refresh(clients[2]!, signed[2]!.refresh_token);
      expect(decodeJwt(rotated.body['id_token'] as string)['sid']).toBe(signed[0]!.sid);
      const session = await identity.manage('GET', `/sessions/${signed[0]!.sid}`);
      expect((session.body['clients'] as unknown[]).length).toBe(3);

      const revoked = await identity.manage('POST', `/sessions/${signed[0]!.sid}/revoke`);
      expect([revoked.status, revoked.text]).toEqual([202, '']);
      expect(await exchanged(signed[0]!.refresh_token)).toBe('403 invalid_grant');
      expect((await identity.refresh(clients[1]!, signed[1]!.refresh_token)).status).toBe(403);
      expect((await identity.refresh(clients[2]!, rotated.body['refresh_token'] as string)).status).toBe(403);
      for (const { access_token } of signed) expect(await userinfo(access_token)).toBe(401);
      expect(await exchanged(elsewhere.refresh_token)).toBe(200);
      expect((await identity.manage('POST', `/sessions/${signed[0]!.sid}/revoke`)).body['errorCode']).toBe(
        'inexistent_session',
      );
    });

    it('end by revoke-access, one or all, with refresh tokens unless they are to be preserved', async () => {
      const [user, bystander] = [await person(), await person()];
      const one = await signIn(identity.browser(), user.email);
      const two = await signIn(identity.browser(), user.email);
      const theirs = await signIn(identity.browser(), bystander.email);
      const revoke = async (body: object) => (await identity.manage('POST', `${at(user)}/revoke-access`, body)).status;
      expect(await revoke({ session_id: theirs.sid })).toBe(202);
      expect(await exchanged(theirs.refresh_token)).toBe(200);
      expect(await revoke({ session_id: one.sid, preserve_refresh_tokens: true })).toBe(202);
      expect((await identity.manage('GET', `/sessions/${one.sid}`)).status).toBe(404);
      expect(await exchanged(one.refresh_token)).toBe(200);
      expect(await revoke({ session_id: two.sid })).toBe(202);
      expect(await exchanged(two.refresh_token)).toBe('403 invalid_grant');
      expect(await exchanged(one.refresh_token)).toBe(200);
      expect(await revoke({})).toBe(202);
      expect(await exchanged(one.refresh_token)).toBe('403 invalid_grant');
      expect(await revoke({ everything: true })).toBe(400);
    });

    it('come in pages, whose cursors no other list takes', async () => {
      const [user, other] = [await person(), await person()];
      const sids = [];
      for (let i = 0; i < 3; i++) sids.unshift((await signIn(identity.browser(), user.email)).sid);
      const first = await identity.manage('GET', `${at(user)}/sessions?take=2&include_totals=true`);
      expect(Object.keys(first.body)).toEqual(['sessions', 'next']);
      const from = `from=${first.body['next'] as string}`;
      const rest = await identity.manage('GET', `${at(user)}/sessions?${from}`);
      expect(rest.body['next']).toBeUndefined();
      expect([...listed(first, 'sessions'), ...listed(rest, 'sessions')].map(({ id }) => id)).toEqual(sids);
      for (const path of [`${at(other)}/sessions?${from}`, `${at(user)}/refresh-tokens?${from}`, `/grants?${from}`])
        expect((await identity.manage('GET', path)).body['errorCode']).toBe('invalid_query_string');
      expect((await identity.manage('GET', `${at(user)}/sessions?from=eA`)).status).toBe(400);
      const tokens = await identity.manage('GET', `${at(user)}/refresh-tokens?take=1`);
      const next = await identity.manage('GET', `${at(user)}/refresh-tokens?from=${tokens.body['next'] as string}`);
      expect(new Set([...listed(tokens, 'tokens'), ...listed(next, 'tokens')].map(({ id }) => id)).size).toBe(3);
    });
  });

  describe('refresh tokens', () => {
    it('MG-25 are listed without themselves, and keep their id when they are rotated', async () => {
      const user = await person();
      const rotator = await identity.client(ROTATING);
      const asked = { audience: 'things', scope: 'openid offline_access read:things' };
      const signed = await signIn(identity.browser(), user.email, rotator, asked);
      const plain = await signIn(identity.browser(), user.email);
      const byUser = await identity.manage('GET', `${at(user)}/refresh-tokens`);
      const byQuery = await identity.manage('GET', `/refresh-tokens?user_id=${encodeURIComponent(user.user_id)}`);
      expect(byUser.status).toBe(200);
      expect(listed(byQuery, 'refresh_tokens')).toEqual(listed(byUser, 'tokens'));
      expect(byUser.text).not.toContain(signed.refresh_token);
      expect(byUser.text).not.toContain(plain.refresh_token);
      const ofClient = await identity.manage(
        'GET',
        `/refresh-tokens?user_id=${encodeURIComponent(user.user_id)}&client_id=${rotator.client_id}`,
      );
      const [before] = listed(ofClient, 'refresh_tokens');
      expect(before).toMatchObject({
        ...{ user_id: user.user_id, client_id: rotator.client_id, session_id: signed.sid, rotating: true },
        ...{ last_exchanged_at: null, device: { initial_ip: '127.0.0.1' } },
        resource_servers: [{ audience: 'things', scopes: expect.stringContaining('read:things') as string }],
      });
      expect(listed(byUser, 'tokens').find(({ client_id }) => client_id === client.client_id)).toMatchObject({
        ...{ rotating: false, expires_at: null, idle_expires_at: null },
        resource_servers: [{ audience: `${identity.origin}/userinfo` }],
      });

      const { body } = await identity.refresh(rotator, signed.refresh_token);
      const after = await identity.manage('GET', `/refresh-tokens/${before!.id}`);
      expect(after.body).toMatchObject({ id: before!.id, created_at: before!['created_at'] });
      expect(after.body['last_exchanged_at']).not.toBeNull();

      expect((await identity.manage('DELETE', `/refresh-tokens/${before!.id}`)).status).toBe(202);
      expect((await identity.refresh(rotator, body['refresh_token'] as string)).status).toBe(403);
      expect((await identity.manage('GET', `/refresh-tokens/${before!.id}`)).body['errorCode']).toBe(
        'inexistent_refresh_token',
      );
      expect(await exchanged(plain.refresh_token)).toBe(200);
    });

    it('MG-25 end one by one or all, and leave the session and the other tokens', async () => {
      const user = await person();
      const browser = identity.browser();
      const one = await signIn(browser, user.email);
      const two = await signIn(browser, user.email);
      const { body } = await identity.manage('GET', `${at(user)}/refresh-tokens`);
      const [newest] = body['tokens'] as Listed[];
      const used = [one, two].map(({ refresh_token }) => refresh_token);
      expect((await identity.manage('DELETE', `/refresh-tokens/${newest!.id}`)).status).toBe(202);
      const left = await Promise.all(used.map((token) => exchanged(token)));
      expect([...left].sort()).toEqual([200, '403 invalid_grant']);
      expect(
        await exchanged(used[left.indexOf('403 invalid_grant')]!, { client_secret: client.client_secret } as Client),
      ).toBe(
        '403 invalid_grant', // it still says whose it was
      );
      expect((await identity.manage('DELETE', `${at(user)}/refresh-tokens`)).status).toBe(202);
      for (const token of used) expect(await exchanged(token)).toBe('403 invalid_grant');
      for (const token of used) expect((await identity.refresh(client, token)).status).toBe(403);
      expect(await userinfo(one.access_token)).toBe(200);
      expect(await asksForLogin(browser, user.email)).toBe(false);
    });

    it('take what only they had kept along, once the session is over', async () => {
      const user = await person();
      const signed = await signIn(identity.browser(), user.email);
      await identity.manage('DELETE', `/sessions/${signed.sid}`);
      expect(await userinfo(signed.access_token)).toBe(200);
      await identity.manage('DELETE', `${at(user)}/refresh-tokens`);
      expect(await userinfo(signed.access_token)).toBe(401);
    });
  });

  describe('grants', () => {
    const asked = { audience: 'things', scope: 'openid offline_access read:things' };

    it('MG-26 show what a person allowed, skipped consent included, by user, client and audience', async () => {
      const user = await person();
      await signIn(identity.browser(), user.email, client, asked);
      const query = `user_id=${encodeURIComponent(user.user_id)}`;
      const all = (await identity.manage('GET', `/grants?${query}`)).body as unknown as Listed[];
      expect(all.map(({ audience, scope }) => [audience, [...(scope as string[])].sort()]).sort()).toEqual(
        [
          [`${identity.origin}/userinfo`, ['offline_access', 'openid']],
          ['things', ['read:things']],
        ].sort(),
      );
      for (const one of all)
        expect(one).toEqual({
          ...{ id: expect.any(String) as string, clientID: client.client_id, user_id: user.user_id },
          ...{ audience: one['audience'], scope: one['scope'] },
        });
      const narrowed = await identity.manage(
        'GET',
        `/grants?${query}&audience=things&client_id=${client.client_id}&include_totals=true`,
      );
      expect(narrowed.body).toMatchObject({ start: 0, limit: 50, total: 1 });
      expect(listed(narrowed, 'grants')[0]!['audience']).toBe('things');
      const other = await identity.manage('GET', `/grants?${query}&client_id=nobody`);
      expect(other.body).toEqual([]);
      const page = await identity.manage('GET', `/grants?${query}&take=1`);
      const rest = await identity.manage('GET', `/grants?${query}&take=1&from=${page.body['next'] as string}`);
      expect(rest.body['next']).toBeUndefined();
      expect(new Set([...listed(page, 'grants'), ...listed(rest, 'grants')].map(({ id }) => id)).size).toBe(2);
    });

    it('MG-26 end with the refresh tokens under them, and consent is asked again', async () => {
      const user = await person();
      const third = await identity.client({ is_first_party: false });
      const browser = identity.browser();
      const params = { audience: 'things', scope: 'openid offline_access read:things' };
      const signed = await signIn(browser, user.email, third, params);
      const online = await signIn(browser, user.email);
      const consents = () =>
        identity.manage('GET', `/grants?client_id=${third.client_id}&user_id=${encodeURIComponent(user.user_id)}`);
      const ofThings = ((await consents()).body as unknown as Listed[]).find(({ audience }) => audience === 'things');
      expect((await identity.manage('DELETE', `/grants/${ofThings!.id}`)).status).toBe(204);
      expect((await identity.refresh(third, signed.refresh_token)).status).toBe(403);
      expect(await exchanged(online.refresh_token)).toBe(200);
      const query = new URLSearchParams({
        ...{ response_type: 'code', client_id: third.client_id, ...params, code_challenge: 'a'.repeat(43) },
        ...{ redirect_uri: 'https://app.example.com/callback', code_challenge_method: 'S256' },
      });
      const page = await browser.open(`/authorize?${query.toString()}`);
      expect(page.path).toMatch(/^\/u\/consent\//);
      expect((await browser.submit(page, { action: 'accept' })).left).toContain('code=');

      expect((await identity.manage('DELETE', `/grants?user_id=${encodeURIComponent(user.user_id)}`)).status).toBe(204);
      expect((await consents()).body).toEqual([]);
      expect(await exchanged(online.refresh_token)).toBe('403 invalid_grant');
      expect(await asksForLogin(browser, user.email)).toBe(false);
    });
  });

  describe('over the Management API', () => {
    const routes: [string, string, string[]][] = [
      ['GET', '/users/auth0%7Cnobody/sessions', ['read:sessions']],
      ['GET', '/sessions/nothing', ['read:sessions']],
      ['DELETE', '/sessions/nothing', ['delete:sessions']],
      ['DELETE', '/users/auth0%7Cnobody/sessions', ['delete:sessions']],
      ['POST', '/sessions/nothing/revoke', ['delete:sessions', 'delete:refresh_tokens']],
      ['POST', '/users/auth0%7Cnobody/revoke-access', ['delete:sessions', 'delete:refresh_tokens']],
      ['GET', '/users/auth0%7Cnobody/refresh-tokens', ['read:refresh_tokens']],
      ['DELETE', '/users/auth0%7Cnobody/refresh-tokens', ['delete:refresh_tokens']],
      ['GET', '/refresh-tokens?user_id=auth0%7Cnobody', ['read:refresh_tokens']],
      ['GET', '/refresh-tokens/nothing', ['read:refresh_tokens']],
      ['DELETE', '/refresh-tokens/nothing', ['delete:refresh_tokens']],
      ['GET', '/grants', ['read:grants']],
      ['DELETE', '/grants/nothing', ['delete:grants']],
      ['DELETE', '/grants?user_id=auth0%7Cnobody', ['delete:grants']],
    ];
    const absent = [404, 404, 202, 202, 404, 202, 404, 202, 404, 404, 202, 200, 204, 204];

    it('MG-29 answer for what is not there as they do for what is ended, or 404', async () => {
      const statuses = [];
      for (const [method, path] of routes)
        statuses.push((await identity.manage(method, path, path.endsWith('access') ? {} : undefined)).status);
      expect(statuses).toEqual(absent);
      expect((await identity.manage('GET', '/refresh-tokens')).body['errorCode']).toBe('invalid_query_string');
      expect((await identity.manage('DELETE', '/grants')).status).toBe(400);
    });

    it('answer what no column takes as what is not there', async () => {
      const nul = '%00';
      for (const [method, path] of [
        ...[
          ['GET', `/sessions/${nul}`],
          ['DELETE', `/sessions/${nul}`],
          ['GET', `/users/${nul}/sessions`],
        ],
        ...[
          ['DELETE', `/users/${nul}/refresh-tokens`],
          ['GET', `/grants?user_id=${nul}`],
        ],
        ...[
          ['GET', `/refresh-tokens?user_id=${nul}`],
          ['DELETE', `/grants?user_id=${nul}`],
        ],
      ] as [string, string][])
        expect([path, (await identity.manage(method, path)).status < 500]).toEqual([path, true]);
      const signOut = await identity.get(`/oidc/logout?client_id=${nul}&post_logout_redirect_uri=${nul}`);
      expect(signOut.status).toBe(400);
    });

    it('MG-29 want each of their scopes', async () => {
      const tokenWith = async (scope: string[]) => {
        const machine = await identity.client();
        const audience = `${identity.origin}/api/v2/`;
        await identity.manage('POST', '/client-grants', { client_id: machine.client_id, audience, scope });
        const answer = await identity.token({ ...machine, grant_type: 'client_credentials', audience });
        return { authorization: `Bearer ${answer.body['access_token'] as string}` };
      };
      const every = [...new Set(routes.flatMap(([, , scopes]) => scopes))];
      for (const missing of every) {
        const headers = await tokenWith([...every.filter((scope) => scope !== missing), 'read:users']);
        for (const [method, path, scopes] of routes) {
          const body = path.endsWith('access') ? {} : undefined;
          const { status } = await identity.json(`/api/v2${path}`, body, headers, method);
          expect([path, status === 403]).toEqual([path, scopes.includes(missing)]);
        }
      }
    });
  });

  describe('in a person\u2019s own hands', () => {
    let app: Client;
    const scope = 'openid offline_access read:me:sessions delete:me:sessions';
    const asked = () => ({ audience: `${identity.origin}/me/`, scope });
    const mine = (token: string, path = '', method = 'GET') =>
      identity.json(`/me/v1/sessions${path}`, undefined, { authorization: `Bearer ${token}` }, method);

    beforeAll(async () => {
      app = await identity.client();
      await identity.manage('POST', '/client-grants', {
        ...{ client_id: app.client_id, audience: `${identity.origin}/me/`, subject_type: 'user' },
        scope: ['read:me:sessions', 'delete:me:sessions', 'read:me:connected_accounts'],
      });
    });

    it('AD-12 shows the sessions with the current one, ends one, and then the others', async () => {
      const [user, other] = [await person(), await person()];
      const here = await signIn(identity.browser(), user.email, app, asked());
      const [two, three] = [await signIn(identity.browser(), user.email), await signIn(identity.browser(), user.email)];
      const foreign = await signIn(identity.browser(), other.email);
      const list = async () => listed(await mine(here.access_token), 'sessions');
      expect((await list()).map(({ id, current }) => [id, current])).toEqual([
        [three.sid, false],
        [two.sid, false],
        [here.sid, true],
      ]);
      const [absent, others] = [
        await mine(here.access_token, '/nothing', 'DELETE'),
        await mine(here.access_token, `/${foreign.sid}`, 'DELETE'),
      ];
      expect([absent.status, absent.text]).toEqual([others.status, others.text]);
      expect(await exchanged(foreign.refresh_token)).toBe(200);

      expect((await mine(here.access_token, `/${two.sid}`, 'DELETE')).status).toBe(204);
      expect(await exchanged(two.refresh_token)).toBe('403 invalid_grant');
      expect((await mine(here.access_token, '', 'DELETE')).status).toBe(204);
      expect(await exchanged(three.refresh_token)).toBe('403 invalid_grant');
      expect((await list()).map(({ id }) => id)).toEqual([here.sid]);
      expect(await exchanged(here.refresh_token, app)).toBe(200);

      expect((await mine(here.access_token, `/${here.sid}`, 'DELETE')).status).toBe(204);
      expect((await mine(here.access_token)).body).toMatchObject({
        ...{ type: 'https://auth0.com/api-errors/A0E-401-0003', status: 401 },
      });
    });

    it('wants its scopes, and answers in the shape of this API', async () => {
      const user = await person();
      const { access_token } = await signIn(identity.browser(), user.email, app, {
        ...asked(),
        scope: 'openid read:me:connected_accounts',
      });
      for (const [path, method] of [
        ['', 'GET'],
        ['', 'DELETE'],
        ['/x', 'DELETE'],
      ] as const) {
        const { status, body, headers } = await mine(access_token, path, method);
        expect([status, body['type']]).toEqual([403, 'https://auth0.com/api-errors/A0E-403-0002']);
        expect(headers.get('www-authenticate')).toBeNull();
      }
    });
  });

  it('ID-25 nothing that was given to a person is good for another of the same id', async () => {
    const first = await person();
    const browser = identity.browser();
    const asked = { audience: 'things', scope: 'openid offline_access read:things' };
    const old = await signIn(browser, first.email, client, asked);
    expect((await identity.manage('DELETE', at(first))).status).toBe(204);
    const { body: again } = await identity.manage('POST', '/users', {
      ...{ connection: 'Username-Password-Authentication', email: first.email, password: 'cnry_another' },
      user_id: first.user_id.slice('auth0|'.length),
    });
    expect(again['user_id']).toBe(first.user_id);
    expect(await exchanged(old.refresh_token)).toBe('403 invalid_grant');
    expect((await identity.refresh(client, old.refresh_token)).status).toBe(403);
    expect(await userinfo(old.access_token)).toBe(401);
    expect(await asksForLogin(browser, first.email)).toBe(true);
    expect((await identity.manage('GET', `${at(first)}/sessions`)).body).toEqual({ sessions: [] });
    expect((await identity.manage('GET', `/grants?user_id=${encodeURIComponent(first.user_id)}`)).body).toEqual([]);
  });
});
