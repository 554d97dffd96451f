import type { OwnApi } from '@strongroom/contracts';
import { decodeProtectedHeader } from 'jose';
import { type AuthorizationApp, startIdentity } from '../../test/authorization-app.js';
import { START } from '../../test/registry-app.js';

describe('tokens for our own APIs', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  const email = 'someone@example.com';
  const scope = 'openid offline_access read:me:connected_accounts';

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client();
    await identity.userGrant(client);
    await identity.person(email);
  });
  afterAll(() => identity?.stop());

  const check = (api: OwnApi, token: string) =>
    identity.bearer.check(api, { authorization: `Bearer ${token}`, dpop: null, method: 'GET', url: identity.origin });
  const machine = async () => {
    const { clientId, clientSecret } = START.managementClient;
    const answer = await identity.token({
      ...{ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret },
      audience: `${identity.origin}/api/v2/`,
    });
    return answer.body['access_token'] as string;
  };
  const refused = { code: 'invalid_token', status: 401 };

  it('say who calls: a person at My Account, a machine at the Management API', async () => {
    const { access_token } = await identity.tokens(email, client, { audience: `${identity.origin}/me/`, scope });
    const person = await check('my-account', access_token);
    expect(person).toMatchObject({ clientId: client.client_id, jkt: null, sessionId: expect.any(String) as string });
    expect(person.scopes).toContain('read:me:connected_accounts');
    expect(person.personId).not.toBeNull();
    const token = await machine();
    expect(decodeProtectedHeader(token).typ).toBe('JWT');
    expect(await check('management', token)).toMatchObject({ personId: null, userId: null, clientId: 'management' });
  });

  it('pass nowhere else, and never changed', async () => {
    const { access_token, id_token, refresh_token } = await identity.tokens(email, client, {
      ...{ audience: `${identity.origin}/me/`, scope },
    });
    const token = await machine();
    const [header, payload, signature] = access_token.split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, scope: 'everything' })).toString('base64url');
    const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`;
    for (const [api, presented] of [
      ['management', access_token],
      ['my-account', token],
      ['my-account', id_token],
      ['my-account', refresh_token],
      ['my-account', `${header}.${changed}.${signature}`],
      ['my-account', unsigned],
      ['my-account', `${header}.bm8ganNvbg.${signature}`],
      ['my-account', `${header}.!.${signature}`],
      ['my-account', ''],
    ] as const)
      await expect(check(api, presented)).rejects.toMatchObject(refused);
  });

  it('RE-21 end with their grant, their person and their client, from the answer on', async () => {
    const fresh = async () => {
      const tokens = await identity.tokens(email, client, { audience: `${identity.origin}/me/`, scope });
      expect(await check('my-account', tokens.access_token)).toMatchObject({ clientId: client.client_id });
      return tokens;
    };
    const revoked = await fresh();
    await identity.post('/oauth/revoke', { ...client, token: revoked.refresh_token });
    await expect(check('my-account', revoked.access_token)).rejects.toMatchObject(refused);
    const userinfo = await identity.get('/userinfo', { authorization: `Bearer ${revoked.access_token}` });
    expect(userinfo.status).toBe(401);
    expect(userinfo.headers.get('www-authenticate')).toContain('invalid_token');

    const blocked = await fresh();
    await identity.database.query('update users set blocked = true where email = $1', [email]);
    await expect(check('my-account', blocked.access_token)).rejects.toMatchObject(refused);
    await identity.database.query('update users set blocked = false where email = $1', [email]);

    const ended = await fresh();
    await identity.manage('DELETE', `/clients/${client.client_id}`);
    await expect(check('my-account', ended.access_token)).rejects.toMatchObject(refused);
  });

  it('ID-25 pass nobody who was made again under the same id', async () => {
    const other = await identity.client();
    await identity.userGrant(other);
    const { user_id } = await identity.person('again@example.com');
    const audience = `${identity.origin}/me/`;
    const { access_token, refresh_token } = await identity.tokens('again@example.com', other, { audience, scope });
    const { access_token: opaque } = await identity.tokens('again@example.com', other);
    await identity.manage('DELETE', `/users/${encodeURIComponent(user_id)}`);
    const made = await identity.manage('POST', '/users', {
      ...{ connection: 'Username-Password-Authentication', email: 'again@example.com', password: 'cnry_password_2' },
      user_id: user_id.slice('auth0|'.length),
    });
    expect([made.status, made.body['user_id']]).toEqual([201, user_id]);
    await expect(check('my-account', access_token)).rejects.toMatchObject(refused);
    for (const token of [access_token, opaque])
      expect((await identity.get('/userinfo', { authorization: `Bearer ${token}` })).status).toBe(401);
    expect((await identity.refresh(other, refresh_token)).status).toBe(403);
    await expect(identity.subjects.validate(identity.subject(refresh_token, other))).rejects.toMatchObject({
      ...{ status: 403, code: 'invalid_grant' },
    });
  });

  it('ID-17 userinfo opens a token that names it, of either form, and no other', async () => {
    const userinfo = async (token: string, method: 'get' | 'post' = 'get') => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = method === 'get' ? identity.get('/userinfo', headers) : identity.post('/userinfo', {}, headers);
      const { status, body, headers: said } = await answer;
      return { status, body, challenge: said.get('www-authenticate') };
    };
    const other = await identity.client();
    await identity.userGrant(other);
    await identity.api('things');
    const sign = (params: Record<string, string>) => identity.tokens(email, other, params);
    const jwt = await sign({ audience: 'things', scope: 'openid email read:things' });
    const opaque = await sign({ scope: 'openid profile' });
    expect(await userinfo(jwt.access_token)).toMatchObject({ status: 200, body: { email } });
    expect(await userinfo(jwt.access_token, 'post')).toMatchObject({ status: 200, body: { email } });
    const { body } = await userinfo(opaque.access_token);
    expect([body['name'], body['email'], body['sub']]).toEqual([
      'A person',
      undefined,
      expect.stringMatching(/^auth0\|/),
    ]);
    const elsewhere = await sign({ audience: 'things', scope: 'read:things' });
    const refused = { status: 401, challenge: 'Bearer error="invalid_token"' };
    const revoked = await sign({ audience: 'things', scope: 'openid offline_access' });
    await identity.post('/oauth/revoke', { ...other, token: revoked.refresh_token });
    for (const token of [elsewhere.access_token, revoked.access_token, jwt.id_token, await machine(), 'cnry_unknown'])
      expect(await userinfo(token)).toMatchObject(refused);
  });

  it('are given to a client only as far as its client grant goes', async () => {
    const other = await identity.client();
    const ask = (audience: string, more: Record<string, string> = {}) =>
      identity.token({ grant_type: 'client_credentials', ...other, audience, ...more });
    const management = `${identity.origin}/api/v2/`;
    expect((await ask(management)).status).toBe(403);
    await identity.manage('POST', '/client-grants', {
      ...{ client_id: other.client_id, audience: management, scope: ['read:users'] },
    });
    const answer = await ask(management);
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: 86_400, scope: 'read:users' });
    const excess = await ask(management, { scope: 'read:users delete:users' });
    expect([excess.status, excess.body['error']]).toEqual([403, 'access_denied']);
    const nowhere = await ask('https://nowhere.example');
    expect([nowhere.status, nowhere.body['error']]).toEqual([403, 'access_denied']);
    const missing = await ask('');
    expect([missing.status, missing.body['error']]).toEqual([400, 'invalid_request']);
  });

  // The last one: nothing under /me/ answers from then on.
  it('find nothing at My Account once its API has been deleted', async () => {
    const audience = `${identity.origin}/me/`;
    const caller = await identity.client();
    await identity.userGrant(caller);
    const someone = await identity.person('another@example.com');
    const { access_token } = await identity.tokens(someone.email, caller, { audience, scope });
    await identity.manage('DELETE', `/resource-servers/${encodeURIComponent(audience)}`);
    await expect(check('my-account', access_token)).rejects.toMatchObject({ code: 'not_found', status: 404 });
  });
});
