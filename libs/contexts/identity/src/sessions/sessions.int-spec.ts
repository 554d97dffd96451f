import { decodeJwt } from 'jose';
import { type AuthorizationApp, ROTATING } from '../../test/authorization-app.js';
import { type Client, listed, ONLINE, SignIns, userPath } from '../../test/sign-ins.js';

describe('sessions, refresh tokens and grants over the Management API', () => {
  let signIns: SignIns;
  let identity: AuthorizationApp;
  let client: Client;

  beforeAll(async () => {
    signIns = await SignIns.start();
    ({ identity, client } = signIns);
  });
  afterAll(() => signIns?.stop());

  describe('sessions', () => {
    it('MG-24 are listed newest first with what is known of them, and named by the sid of their tokens', async () => {
      const user = await signIns.person();
      const [first, second] = [identity.browser(), identity.browser()];
      const one = await signIns.in(first, user.email);
      const two = await signIns.in(second, user.email);
      const answer = await identity.manage('GET', `${userPath(user)}/sessions`);
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
      const user = await signIns.person();
      const other = await identity.client();
      const browser = identity.browser();
      const offline = await signIns.in(browser, user.email);
      const online = await signIns.in(browser, user.email, other, ONLINE);
      expect(await signIns.userinfo(online.access_token)).toBe(200);
      const deleted = await identity.manage('DELETE', `/sessions/${offline.sid}`);
      expect([deleted.status, deleted.text]).toEqual([202, '']);
      expect(await signIns.userinfo(online.access_token)).toBe(401);
      expect(await signIns.userinfo(offline.access_token)).toBe(200);
      expect(await signIns.exchanged(offline.refresh_token)).toBe(200);
      expect((await identity.refresh(client, offline.refresh_token)).status).toBe(200);
      expect(await signIns.asksForLogin(browser, user.email)).toBe(true);
      expect((await identity.manage('GET', `/sessions/${offline.sid}`)).body).toMatchObject({
        ...{ statusCode: 404, errorCode: 'inexistent_session' },
      });
      expect(listed(await identity.manage('GET', `${userPath(user)}/sessions`), 'sessions')).toEqual([]);
    });

    it('ID-24 know every client of a browser that opens many tabs at once, and each of these is signed in', async () => {
      const [user, browser] = [await signIns.person(), identity.browser()];
      const { sid } = await signIns.in(browser, user.email);
      const tabs = [await identity.client(), await identity.client()].flatMap((one) => Array(8).fill(one) as Client[]);
      const signed = await Promise.all(tabs.map((one) => signIns.in(browser, user.email, one, ONLINE)));
      expect(new Set(signed.map((one) => one.sid))).toEqual(new Set([sid]));
      const { body } = await identity.manage('GET', `/sessions/${sid}`);
      const ids = new Set([client, ...tabs].map(({ client_id }) => client_id));
      expect(new Set((body['clients'] as Client[]).map(({ client_id }) => client_id))).toEqual(ids);
      await identity.manage('DELETE', `/sessions/${sid}`);
      for (const { access_token } of signed) expect(await signIns.userinfo(access_token)).toBe(401);
    });

    it('A6 end a day after the login, however often the browser comes by', async () => {
      const [user, browser] = [await signIns.person(), identity.browser()];
      const { sid } = await signIns.in(browser, user.email);
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
      expect(await signIns.asksForLogin(browser, user.email)).toBe(false);
      expect((await left()).every((seconds) => seconds > 3500 && seconds <= 3600)).toBe(true);
      await since(24 * 3600); // the row was good until now; this visit is the last
      expect(await signIns.asksForLogin(browser, user.email)).toBe(false);
      expect(await signIns.asksForLogin(browser, user.email)).toBe(true);
      expect((await identity.manage('GET', `/sessions/${sid}`)).status).toBe(404);
    });

    it('MG-24 all end at once, of this person only', async () => {
      const [user, bystander] = [await signIns.person(), await signIns.person()];
      const browsers = [identity.browser(), identity.browser()];
      for (const browser of browsers) await signIns.in(browser, user.email);
      const theirs = identity.browser();
      await signIns.in(theirs, bystander.email);
      expect((await identity.manage('DELETE', `${userPath(user)}/sessions`)).status).toBe(202);
      for (const browser of browsers) expect(await signIns.asksForLogin(browser, user.email)).toBe(true);
      expect(await signIns.asksForLogin(theirs, bystander.email)).toBe(false);
    });

    it('MG-24 and ID-24 give one sid to three clients, and revoked take the refresh tokens of all along', async () => {
      const user = await signIns.person();
      const clients = [client, await identity.client(), await identity.client(ROTATING)];
      const browser = identity.browser();
      const signed = [];
      for (const one of clients) signed.push(await signIns.in(browser, user.email, one));
      expect(new Set(signed.map(({ sid }) => sid)).size).toBe(1);
      const elsewhere = await signIns.in(identity.browser(), user.email);
      const rotated = await identity.refresh(clients[2]!, signed[2]!.refresh_token);
      expect(decodeJwt(rotated.body['id_token'] as string)['sid']).toBe(signed[0]!.sid);
      const session = await identity.manage('GET', `/sessions/${signed[0]!.sid}`);
      expect((session.body['clients'] as unknown[]).length).toBe(3);

      const revoked = await identity.manage('POST', `/sessions/${signed[0]!.sid}/revoke`);
      expect([revoked.status, revoked.text]).toEqual([202, '']);
      expect(await signIns.exchanged(signed[0]!.refresh_token)).toBe('403 invalid_grant');
      expect((await identity.refresh(clients[1]!, signed[1]!.refresh_token)).status).toBe(403);
      expect((await identity.refresh(clients[2]!, rotated.body['refresh_token'] as string)).status).toBe(403);
      for (const { access_token } of signed) expect(await signIns.userinfo(access_token)).toBe(401);
      expect(await signIns.exchanged(elsewhere.refresh_token)).toBe(200);
      expect((await identity.manage('POST', `/sessions/${signed[0]!.sid}/revoke`)).body['errorCode']).toBe(
        'inexistent_session',
      );
    });

    it('end by revoke-access, one or all, with refresh tokens unless they are to be preserved', async () => {
      const [user, bystander] = [await signIns.person(), await signIns.person()];
      const one = await signIns.in(identity.browser(), user.email);
      const two = await signIns.in(identity.browser(), user.email);
      const theirs = await signIns.in(identity.browser(), bystander.email);
      const revoke = async (body: object) =>
        (await identity.manage('POST', `${userPath(user)}/revoke-access`, body)).status;
      expect(await revoke({ session_id: theirs.sid })).toBe(202);
      expect(await signIns.exchanged(theirs.refresh_token)).toBe(200);
      expect(await revoke({ session_id: one.sid, preserve_refresh_tokens: true })).toBe(202);
      expect((await identity.manage('GET', `/sessions/${one.sid}`)).status).toBe(404);
      expect(await signIns.exchanged(one.refresh_token)).toBe(200);
      expect(await revoke({ session_id: two.sid })).toBe(202);
      expect(await signIns.exchanged(two.refresh_token)).toBe('403 invalid_grant');
      expect(await signIns.exchanged(one.refresh_token)).toBe(200);
      expect(await revoke({})).toBe(202);
      expect(await signIns.exchanged(one.refresh_token)).toBe('403 invalid_grant');
      expect(await revoke({ everything: true })).toBe(400);
    });

    it('come in pages, whose cursors no other list takes', async () => {
      const [user, other] = [await signIns.person(), await signIns.person()];
      const sids = [];
      for (let i = 0; i < 3; i++) sids.unshift((await signIns.in(identity.browser(), user.email)).sid);
      const first = await identity.manage('GET', `${userPath(user)}/sessions?take=2&include_totals=true`);
      expect(Object.keys(first.body)).toEqual(['sessions', 'next']);
      const from = `from=${first.body['next'] as string}`;
      const rest = await identity.manage('GET', `${userPath(user)}/sessions?${from}`);
      expect(rest.body['next']).toBeUndefined();
      expect([...listed(first, 'sessions'), ...listed(rest, 'sessions')].map(({ id }) => id)).toEqual(sids);
      for (const path of [
        `${userPath(other)}/sessions?${from}`,
        `${userPath(user)}/refresh-tokens?${from}`,
        `/grants?${from}`,
      ])
        expect((await identity.manage('GET', path)).body['errorCode']).toBe('invalid_query_string');
      expect((await identity.manage('GET', `${userPath(user)}/sessions?from=eA`)).status).toBe(400);
      const tokens = await identity.manage('GET', `${userPath(user)}/refresh-tokens?take=1`);
      const next = await identity.manage(
        'GET',
        `${userPath(user)}/refresh-tokens?from=${tokens.body['next'] as string}`,
      );
      expect(new Set([...listed(tokens, 'tokens'), ...listed(next, 'tokens')].map(({ id }) => id)).size).toBe(3);
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

  it('ID-25 nothing that was given to a person is good for another of the same id', async () => {
    const first = await signIns.person();
    const browser = identity.browser();
    const asked = { audience: 'things', scope: 'openid offline_access read:things' };
    const old = await signIns.in(browser, first.email, client, asked);
    expect((await identity.manage('DELETE', userPath(first))).status).toBe(204);
    const { body: again } = await identity.manage('POST', '/users', {
      ...{ connection: 'Username-Password-Authentication', email: first.email, password: 'cnry_another' },
      user_id: first.user_id.slice('auth0|'.length),
    });
    expect(again['user_id']).toBe(first.user_id);
    expect(await signIns.exchanged(old.refresh_token)).toBe('403 invalid_grant');
    expect((await identity.refresh(client, old.refresh_token)).status).toBe(403);
    expect(await signIns.userinfo(old.access_token)).toBe(401);
    expect(await signIns.asksForLogin(browser, first.email)).toBe(true);
    expect((await identity.manage('GET', `${userPath(first)}/sessions`)).body).toEqual({ sessions: [] });
    expect((await identity.manage('GET', `/grants?user_id=${encodeURIComponent(first.user_id)}`)).body).toEqual([]);
  });
});
