import { createRemoteJWKSet, jwtVerify } from 'jose';
import { TestClient, VERIFIER } from '../test/client.js';
import type { Simulator } from './simulator.js';

describe('authorization at the simulator', () => {
  let simulator: Simulator;
  beforeAll(async () => (simulator = await TestClient.start()));
  afterAll(() => simulator.close());

  const codeOf = async (app: TestClient) => (await app.authorize()).searchParams.get('code')!;

  it('gives tokens for a code, and the API takes the access token until it ends', async () => {
    const app = await TestClient.of(simulator, 'plain', { accessTokenSeconds: 10, redirectUris: null });
    const answer = await app.redeem(await codeOf(app));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.json).toEqual({
      access_token: expect.stringMatching(/^cnry_at_/),
      refresh_token: expect.stringMatching(/^cnry_rt_/),
      token_type: 'Bearer',
      expires_in: 10,
      scope: 'read write',
    });
    expect(await app.reads(answer.json.access_token)).toBe(200);
    expect((await app.control('POST', 'truth', { token: answer.json.access_token })).json).toEqual({
      kind: 'access_token',
      alive: true,
    });
    TestClient.elapsedMs += 10_000;
    expect(await app.reads(answer.json.access_token)).toBe(401);
    expect(await app.reads('cnry_at_nobody')).toBe(401);
  });

  it('says another lifetime than its tokens have, where it is told to', async () => {
    const app = await TestClient.of(simulator, 'untrue', { announcedSeconds: 1 });
    const { json } = await app.redeem(await codeOf(app));
    expect(json.expires_in).toBe(1);
    TestClient.elapsedMs += 10_000;
    expect(await app.reads(json.access_token)).toBe(200);
    await app.control('PATCH', '', { announcedSeconds: null });
    expect((await app.refresh(json.refresh_token)).json.expires_in).toBe(3600);
  });

  it('takes a code once; a second use ends what the first gave', async () => {
    const app = await TestClient.of(simulator, 'twice');
    const code = await codeOf(app);
    const first = await app.redeem(code);
    expect(await app.redeem(code)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await app.reads(first.json.access_token)).toBe(401);
    expect((await app.refresh(first.json.refresh_token)).status).toBe(400);
  });

  it('takes a code for a minute, with the same address and the right verifier only', async () => {
    const app = await TestClient.of(simulator, 'strict');
    expect((await app.redeem(await codeOf(app), { redirect_uri: 'https://app.example/other' })).status).toBe(400);
    expect((await app.redeem(await codeOf(app), { code_verifier: `${VERIFIER}x` })).status).toBe(400);
    expect((await app.redeem(await codeOf(app), { code_verifier: '' })).status).toBe(400);
    const late = await codeOf(app);
    TestClient.elapsedMs += 60_000;
    expect((await app.redeem(late)).status).toBe(400);
  });

  it('insists on PKCE with S256 unless told otherwise', async () => {
    const app = await TestClient.of(simulator, 'pkce');
    const none = { code_challenge: null, code_challenge_method: null };
    expect((await app.authorize(none)).searchParams.get('error')).toBe('invalid_request');
    const plain = await app.authorize({ code_challenge_method: 'plain' });
    expect(plain.searchParams.get('error')).toBe('invalid_request');
    await app.control('PATCH', '', { requirePkce: false });
    const code = (await app.authorize(none)).searchParams.get('code')!;
    expect((await app.redeem(code)).status).toBe(400); // a verifier without a challenge
    expect((await app.authorize(none)).searchParams.get('code')).toMatch(/^cnry_code_/);
  });

  it('redirects to nobody who is not registered', async () => {
    const app = await TestClient.of(simulator, 'registered', { redirectUris: ['https://app.example/callback'] });
    expect((await app.authorize()).searchParams.get('state')).toBe('a==');
    const wrongs: Record<string, string>[] = [
      { redirect_uri: 'https://app.example/callback/' },
      { client_id: 'somebody' },
    ];
    for (const wrong of wrongs) {
      const answer = await fetch(app.authorizeUrl({ auto: 'accept', ...wrong }), { redirect: 'manual' });
      expect(answer.status).toBe(400);
      expect(answer.headers.get('location')).toBeNull();
    }
  });

  it('knows its client by one method, in the body or by Basic', async () => {
    const app = await TestClient.of(simulator, 'clients', { clientId: 'app 1', clientSecret: 'cnry_cs_a+b' });
    const basic = (secret: string) => ({ authorization: `Basic ${btoa(`app+1:${encodeURIComponent(secret)}`)}` });
    const code = async () => (await app.authorize({ client_id: 'app 1' })).searchParams.get('code')!;
    expect((await app.redeem(await code(), {}, basic('cnry_cs_a+b'))).status).toBe(200);
    expect((await app.redeem(await code(), {}, basic('cnry_cs_wrong'))).json.error).toBe('invalid_client');
    expect((await app.redeem(await code(), { client_secret: 'cnry_cs_a+b' }, basic('cnry_cs_a+b'))).status).toBe(401);
    expect((await app.redeem(await code(), { client_id: 'app 1', client_secret: 'cnry_cs_a+b' })).status).toBe(200);
    expect((await app.redeem(await code())).status).toBe(401);
    expect((await app.redeem(await code(), { client_id: 'app 1' })).status).toBe(401);
    expect((await app.control('PUT', '', { clientSecret: 'not-findable' })).status).toBe(400);
  });

  it('has a page that works without JavaScript: a person, scopes, yes or no', async () => {
    const app = await TestClient.of(simulator, 'page');
    const page = await (await fetch(app.authorizeUrl())).text();
    expect(page).not.toMatch(/<script/i);
    const request = /name="request" value="([^"]+)"/.exec(page)![1]!.replaceAll('&amp;', '&');
    const answer = async (fields: Record<string, string>) => {
      const body = new URLSearchParams({ request, ...fields });
      const sent = await fetch(`${app.url}/authorize`, { method: 'POST', body, redirect: 'manual' });
      return new URL(sent.headers.get('location')!).searchParams;
    };
    expect((await answer({ action: 'deny', person: 'person-2' })).get('error')).toBe('access_denied');
    const chosen = await answer({ action: 'accept', person: 'person-2', 'scope:write': 'on' });
    const { json } = await app.redeem(chosen.get('code')!);
    expect(json.scope).toBe('write');
    const userinfo = await fetch(`${app.url}/userinfo`, { headers: { authorization: `Bearer ${json.access_token}` } });
    expect(await userinfo.json()).toMatchObject({ sub: 'person-2', email: 'person-2@people.example' });
  });

  it('answers by itself where told: yes, no, or less than was asked', async () => {
    const app = await TestClient.of(simulator, 'auto', { auto: 'partial' });
    expect((await app.connect()).scope).toBe('read');
    await app.control('PATCH', '', { auto: 'deny' });
    expect((await app.authorize()).searchParams.get('error')).toBe('access_denied');
  });

  it('shapes its answer as told', async () => {
    const odd = { scopeShape: 'array', tokenType: null, expiresIn: 'string', issueRefreshToken: false };
    const app = await TestClient.of(simulator, 'odd', odd);
    const token = await app.connect();
    expect(token).toEqual({ access_token: expect.any(String), expires_in: '3600', scope: ['read', 'write'] });
    await app.control('PATCH', '', { scopeShape: 'comma', expiresIn: 'absent', tokenType: 'bot' });
    expect(await app.connect()).toMatchObject({ scope: 'read,write', token_type: 'bot' });
    await app.control('PATCH', '', { scopeShape: 'absent' });
    expect(Object.keys(await app.connect()).sort()).toEqual(['access_token', 'token_type']);
  });

  it('signs ID tokens that its own keys verify, with the nonce it was given', async () => {
    const app = await TestClient.of(simulator, 'openid', { issueIdToken: true, iss: 'right' });
    const found = await fetch(`${app.url}/.well-known/openid-configuration`);
    const metadata = (await found.json()) as { jwks_uri: string };
    expect(metadata).toMatchObject({ issuer: app.url, authorization_response_iss_parameter_supported: true });
    const back = await app.authorize({ nonce: 'n-1' });
    expect(back.searchParams.get('iss')).toBe(app.url);
    const { json } = await app.redeem(back.searchParams.get('code')!);
    const { payload } = await jwtVerify(String(json['id_token']), createRemoteJWKSet(new URL(metadata.jwks_uri)), {
      issuer: app.url,
      audience: 'simulated-client',
      currentDate: new Date(Date.UTC(2026, 0, 1) + TestClient.elapsedMs),
    });
    expect(payload).toMatchObject({ sub: 'person-1', nonce: 'n-1' });
  });

  it('revokes as RFC 7009 says', async () => {
    const app = await TestClient.of(simulator, 'revoke');
    const { access_token, refresh_token } = await app.connect();
    const revoke = (body: Record<string, string>) =>
      fetch(`${app.url}/revoke`, { method: 'POST', body: new URLSearchParams(body) });
    expect((await revoke({ token: refresh_token })).status).toBe(401);
    const credentials = { client_id: 'simulated-client', client_secret: 'cnry_cs_simulated' };
    expect((await revoke({ token: refresh_token, ...credentials })).status).toBe(200);
    expect(await app.reads(access_token)).toBe(401);
    expect((await app.refresh(refresh_token)).status).toBe(400);
  });
});
