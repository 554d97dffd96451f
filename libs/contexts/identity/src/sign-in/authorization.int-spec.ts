import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { type AuthorizationApp, CALLBACK, startIdentity } from '../../test/authorization-app.js';

describe('sign-in and tokens', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  const email = 'someone@example.com';
  let userId: string;

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client();
    userId = (await identity.person(email)).user_id;
  });
  afterAll(() => identity?.stop());

  it('GR-05 says one issuer, with the slash, and signs by a key of its list', async () => {
    const { body } = await identity.get('/.well-known/openid-configuration');
    expect(body['issuer']).toBe(`${identity.origin}/`);
    expect((await identity.get('/.well-known/oauth-authorization-server')).body).toEqual(body);
    const { id_token } = await identity.tokens(email, client);
    const keys = createRemoteJWKSet(new URL(body['jwks_uri'] as string));
    const { payload } = await jwtVerify(id_token, keys, {
      issuer: `${identity.origin}/`,
      audience: client.client_id,
      algorithms: ['RS256'],
    });
    expect(payload.sub).toBe(userId);
    expect(payload).toMatchObject({ email, name: 'A person', sid: expect.any(String) });
  });

  it('gives a grant of this session to every token of a sign-in, and the public id as subject', async () => {
    await identity.userGrant(client);
    const tokens = await identity.tokens(email, client, {
      audience: `${identity.origin}/me/`,
      scope: 'openid profile offline_access read:me:connected_accounts',
    });
    const claims = decodeJwt(tokens.access_token);
    expect(claims).toMatchObject({
      iss: `${identity.origin}/`,
      sub: userId,
      aud: [`${identity.origin}/me/`, `${identity.origin}/userinfo`],
      azp: client.client_id,
      scope: expect.stringContaining('read:me:connected_accounts') as string,
      gid: expect.any(String) as string,
      sid: decodeJwt(tokens.id_token)['sid'],
    });
    expect(claims['client_id']).toBeUndefined();
    expect(tokens.refresh_token.length).toBeGreaterThanOrEqual(43);
    const userinfo = await identity.get('/userinfo', { authorization: `Bearer ${tokens.access_token}` });
    expect(userinfo.body).toMatchObject({ sub: userId, name: 'A person' });
    expect(userinfo.body['email']).toBeUndefined();
  });

  it('GR-07 returns state unchanged if there was one, never another, and always iss', async () => {
    const browser = identity.browser();
    const without = await identity.authorize(browser, email, client);
    expect(without.params.has('state')).toBe(false);
    expect(without.params.get('iss')).toBe(`${identity.origin}/`);
    const empty = await identity.authorize(browser, email, client, { state: '' });
    expect(empty.params.get('state') ?? '').toBe('');
    const withState = await identity.authorize(browser, email, client, { state: 'a b/c' });
    expect(withState.params.get('state')).toBe('a b/c');
  });

  it('GR-08 wants PKCE S256, unless a confidential client says otherwise and sends a nonce', async () => {
    const authorize = (params: Record<string, string>, who = client) =>
      identity
        .browser()
        .open(
          `/authorize?${new URLSearchParams({ response_type: 'code', client_id: who.client_id, redirect_uri: CALLBACK, scope: 'openid', ...params }).toString()}`,
        );
    expect((await authorize({})).left).toContain('error=invalid_request');
    const plain = { code_challenge: 'a'.repeat(43), code_challenge_method: 'plain' };
    expect((await authorize(plain)).left).toContain('error=invalid_request');

    const signed = await identity.authorize(identity.browser(), email, client);
    const wrong = await identity.redeem(client, { ...signed, verifier: 'b'.repeat(43) });
    expect([wrong.status, wrong.body['error']]).toEqual([400, 'invalid_grant']);

    const relaxed = await identity.client({ require_pkce: false });
    expect((await authorize({}, relaxed)).left).toContain('error=invalid_request');
    const page = await authorize({ nonce: 'n1' }, relaxed);
    expect(page.path).toMatch(/^\/u\/login\//);
  });

  it('GR-08 refuses a verifier where there was no challenge', async () => {
    const relaxed = await identity.client({ require_pkce: false });
    const browser = identity.browser();
    const asked = { response_type: 'code', client_id: relaxed.client_id, redirect_uri: CALLBACK, scope: 'openid' };
    let page = await browser.open(`/authorize?${new URLSearchParams({ ...asked, nonce: 'n1' }).toString()}`);
    page = await browser.submit(page, { username: email, password: 'cnry_password_of_the_tests' });
    const { searchParams: params } = new URL(page.left!);
    const answer = await identity.redeem(relaxed, { params, verifier: 'c'.repeat(43) });
    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_grant']);
  });

  it('GR-11 and ID-27 answer errors as JSON, uncached and without a challenge', async () => {
    const password = await identity.token({ grant_type: 'password' }, { accept: 'text/html' });
    expect([password.status, password.body['error']]).toEqual([400, 'unsupported_grant_type']);
    const basic = `Basic ${Buffer.from(`${client.client_id}:wrong`).toString('base64')}`;
    const refused = await identity.token(
      { grant_type: 'client_credentials' },
      { authorization: basic, accept: 'text/html' },
    );
    expect([refused.status, refused.body['error']]).toEqual([401, 'invalid_client']);
    const code = await identity.token(
      { grant_type: 'authorization_code', code: 'cnry_unknown', redirect_uri: CALLBACK, code_verifier: 'd'.repeat(43) },
      {
        authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`,
        accept: 'text/html',
      },
    );
    expect([code.status, code.body['error']]).toEqual([400, 'invalid_grant']);
    for (const answer of [password, refused, code]) {
      expect(answer.headers.get('www-authenticate')).toBeNull();
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-type')).toContain('application/json');
    }
  });

  it('ID-03 takes JSON as it takes forms, and refuses what is there twice or no text', async () => {
    const { client_id, client_secret } = client;
    const { refresh_token } = await identity.tokens(email, client);
    const grant = { grant_type: 'refresh_token', client_id, client_secret, refresh_token };
    expect((await identity.json('/oauth/token', grant)).status).toBe(200);
    expect((await identity.json('/oauth/token', { ...grant, scope: ['openid'] })).body['error']).toBe(
      'invalid_request',
    );
    const twice = await fetch(`${identity.origin}/oauth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `${new URLSearchParams(grant).toString()}&refresh_token=cnry_other`,
    });
    expect(twice.status).toBe(400);
  });

  it('ID-04 finds the client by the token, takes Basic with the same id, and refuses two methods', async () => {
    const { client_id, client_secret } = client;
    const { refresh_token } = await identity.tokens(email, client);
    const grant = { grant_type: 'refresh_token', refresh_token };
    const authorization = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
    expect((await identity.token({ ...grant, client_secret })).status).toBe(200);
    expect((await identity.token({ ...grant, client_id }, { authorization })).status).toBe(200);
    const two = await identity.token({ ...grant, client_secret }, { authorization });
    expect([two.status, two.body['error']]).toEqual([400, 'invalid_request']);
    expect((await identity.token({ ...grant, client_secret: 'cnry_wrong' })).status).toBe(401);
  });

  it('keeps a public client to what it is: PKCE without a secret', async () => {
    const spa = await identity.client({ app_type: 'spa', token_endpoint_auth_method: 'none' });
    const signed = await identity.authorize(identity.browser(), email, spa);
    const answer = await identity.token({
      grant_type: 'authorization_code',
      client_id: spa.client_id,
      code: signed.params.get('code')!,
      redirect_uri: CALLBACK,
      code_verifier: signed.verifier,
    });
    expect(answer.status).toBe(200);
    expect((await identity.token({ grant_type: 'authorization_code', client_id: client.client_id })).status).toBe(401);
  });

  it('refuses with a page, and no redirect, an unknown client or callback', async () => {
    const asked = {
      response_type: 'code',
      client_id: 'nobody',
      redirect_uri: 'https://evil.example/',
      scope: 'openid',
    };
    for (const client_id of ['nobody', client.client_id]) {
      const page = await identity
        .browser()
        .open(`/authorize?${new URLSearchParams({ ...asked, client_id }).toString()}`);
      expect([page.status, page.left]).toEqual([400, null]);
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });

  it('ID-02 never follows Host or forwarding headers', async () => {
    const answer = await identity.app.inject({
      url: `/authorize?response_type=code&client_id=${client.client_id}&redirect_uri=${CALLBACK}&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`,
      headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', forwarded: 'host=evil.example' },
    });
    expect(answer.statusCode).toBe(303);
    expect(answer.headers.location).toMatch(/^\/u\/login\//);
    const rows = await identity.database.query<{ payload: string }[]>(`select payload::text from artefacts`);
    expect(JSON.stringify(rows)).not.toContain('evil.example');
  });

  it('asks a third-party client\u2019s person once, and takes no for no', async () => {
    const third = await identity.client({ is_first_party: false });
    const browser = identity.browser();
    const asked = new URLSearchParams({
      response_type: 'code',
      client_id: third.client_id,
      redirect_uri: CALLBACK,
      scope: 'openid email',
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
    });
    let page = await browser.open(`/authorize?${asked.toString()}`);
    page = await browser.submit(page, { username: email, password: 'cnry_password_of_the_tests' });
    expect(page.path).toMatch(/^\/u\/consent\//);
    expect(page.text).toContain('app.example.com');
    page = await browser.submit(page, { action: 'deny' });
    expect(page.left).toContain('error=access_denied');
    page = await browser.open(`/authorize?${asked.toString()}`);
    page = await browser.submit(page, { action: 'accept' });
    expect(page.left).toContain('code=');
    expect((await browser.open(`/authorize?${asked.toString()}`)).left).toContain('code=');
  });

  it('signs another person in where somebody was signed in, without carrying anything over', async () => {
    const other = await identity.person('other@example.com');
    const browser = identity.browser();
    await identity.authorize(browser, email, client);
    const signed = await identity.authorize(browser, 'other@example.com', client, { prompt: 'login' });
    const { body } = await identity.redeem(client, signed);
    expect(decodeJwt(body['id_token'] as string).sub).toBe(other.user_id);
  });

  it('takes no form but the one it showed, and no wrong password', async () => {
    const browser = identity.browser();
    const asked = `/authorize?response_type=code&client_id=${client.client_id}&redirect_uri=${CALLBACK}&scope=openid&code_challenge=${'a'.repeat(43)}&code_challenge_method=S256`;
    const page = await browser.open(asked);
    const forged = await browser.submit(page, { username: email, password: 'cnry_password_of_the_tests', csrf: 'x' });
    expect(forged.status).toBe(403);
    const wrong = await browser.submit(page, { username: email, password: 'cnry_wrong' });
    const unknown = await browser.submit(page, { username: 'nobody@example.com', password: 'cnry_wrong' });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.text.replaceAll(email, '')).toBe(unknown.text.replaceAll('nobody@example.com', ''));
    const elsewhere = await identity.browser().open(page.path);
    expect(elsewhere.status).toBe(400);
  });

  it('tells the log of a sign-in', async () => {
    await identity.tokens(email, client);
    const rows = await identity.database.query<{ payload: Record<string, unknown> }[]>(
      `select payload from outbox where type like '%user.logged_in%' order by position desc limit 1`,
    );
    expect(rows[0]!.payload).toMatchObject({ userId, clientId: client.client_id });
    const { body } = await identity.manage('GET', `/users/${encodeURIComponent(userId)}`);
    expect(body['logins_count']).toBeGreaterThan(0);
  });

  it('ID-14 stores no token and no cookie', async () => {
    const browser = identity.browser();
    const signed = await identity.authorize(browser, email, client);
    const { body } = await identity.redeem(client, signed);
    await browser.open(
      `/authorize?${new URLSearchParams({ response_type: 'code', client_id: client.client_id, redirect_uri: CALLBACK, scope: 'openid', prompt: 'login', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' }).toString()}`,
    );
    const rows = await identity.database.query<unknown[]>(
      `select a::text from artefacts a union all select c::text from consents c union all select o::text from outbox o`,
    );
    const dump = JSON.stringify(rows);
    expect(dump).toContain(client.client_id);
    const secrets = [
      signed.params.get('code')!,
      body['access_token'] as string,
      body['refresh_token'] as string,
      ...[...browser.cookies.values()].map(({ value }) => value),
    ];
    expect(secrets.length).toBeGreaterThanOrEqual(9); // each cookie has its signature beside it
    for (const secret of secrets) expect(dump).not.toContain(secret);
  });
});
