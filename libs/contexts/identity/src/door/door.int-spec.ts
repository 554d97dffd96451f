import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { type AuthorizationApp, CALLBACK, startIdentity } from '../../test/authorization-app.js';
import { masterKeys } from '../../test/registry-app.js';
import { ProviderHolder } from '../library/provider-holder.js';

type Client = { client_id: string; client_secret: string };

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const PROXY = '10.0.0.1';
const MOST_FAILURES = 20;

describe('the door in front of the authorization server', () => {
  let identity: AuthorizationApp;
  let client: Client;
  const email = 'someone@example.com';

  beforeAll(async () => {
    identity = await startIdentity(masterKeys(), undefined, {
      settings: { authFailures: MOST_FAILURES },
      listener: { trustedProxies: [PROXY] },
    });
    client = await identity.client();
    await identity.api('things');
    await identity.person(email);
  });
  afterAll(() => identity?.stop());

  const grant = async (id: string) =>
    identity.manage('POST', '/client-grants', { client_id: id, audience: 'things', scope: [], subject_type: 'client' });

  /** Asks from an address, for a token for itself. */
  async function from(remoteAddress: string, form: Record<string, string>, headers: Record<string, string> = {}) {
    const payload = new URLSearchParams({ grant_type: 'client_credentials', audience: 'things', ...form }).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return identity.app.inject({
      ...{ method: 'POST', url: '/oauth/token', remoteAddress, payload },
      headers: { ...type, ...headers },
    });
  }

  describe('assertions of clients', () => {
    const keys = Array.from({ length: 2 }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }));
    let byKey: Client;

    beforeAll(async () => {
      const credentials = keys.map(({ publicKey }) => ({
        credential_type: 'public_key',
        pem: publicKey.export({ type: 'spki', format: 'pem' }),
      }));
      const methods = { private_key_jwt: { credentials } };
      byKey = await identity.client({ token_endpoint_auth_method: null, client_authentication_methods: methods });
      await grant(byKey.client_id);
    });

    interface Said {
      audience?: string | string[];
      seconds?: number;
      key?: KeyObject;
      kid?: string;
      jti?: string | null;
    }
    const assertion = async (said: Said = {}): Promise<string> => {
      const { audience = `${identity.origin}/`, seconds = 120, key = keys[0]!.privateKey, kid } = said;
      const jwt = new SignJWT(said.jti === null ? {} : { jti: said.jti ?? randomUUID() })
        .setProtectedHeader({ alg: 'RS256', ...(kid ? { kid } : {}) })
        .setIssuer(byKey.client_id)
        .setSubject(byKey.client_id)
        .setAudience(audience)
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds);
      return jwt.sign(key);
    };
    const proof = (client_assertion: string) => ({ client_assertion, client_assertion_type: ASSERTION_TYPE });
    const statusOf = async (said: Said) => (await from('192.0.2.1', proof(await assertion(said)))).statusCode;

    it('ID-06 and EX-06 are good for one of 50 at once', async () => {
      const one = proof(await assertion());
      const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => from(`192.0.2.${at}`, one)));
      expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(1);
      expect(answers.filter(({ statusCode }) => statusCode === 401)).toHaveLength(49);
    });

    it('ID-06 are made out to the issuer or the token endpoint, for five minutes at most, by any key without kid', async () => {
      expect(await statusOf({ audience: `${identity.origin}/oauth/token` })).toBe(200);
      expect(await statusOf({ audience: [`${identity.origin}/`, 'https://other.example/'] })).toBe(200);
      expect(await statusOf({ key: keys[1]!.privateKey })).toBe(200);
      expect(await statusOf({ seconds: 299 })).toBe(200);
      const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
      for (const bad of [
        { audience: identity.origin },
        { audience: `${identity.origin}/oauth/par` },
        { audience: 'https://other.example/' },
        { seconds: 3600 },
        { seconds: -1 },
        { jti: null },
        { key: stranger },
        { kid: 'another-key' },
      ])
        expect([bad, await statusOf(bad)]).toEqual([bad, 401]);
    });

    it('are good for a pushed request where they are made out to its address', async () => {
      const asked = {
        ...{ response_type: 'code', redirect_uri: CALLBACK, scope: 'openid' },
        ...{ code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' },
      };
      for (const path of ['/oauth/par', '/oauth/token', '/']) {
        const sent = { ...asked, ...proof(await assertion({ audience: identity.origin + path })) };
        expect([path, (await identity.post('/oauth/par', sent)).status]).toEqual([path, 201]);
      }
    });
  });

  describe('failures', () => {
    const wrong = (one: Client) => ({ client_id: one.client_id, client_secret: 'cnry_wrong' });
    const right = ({ client_id, client_secret }: Client) => ({ client_id, client_secret });
    /** As many as are let pass. */
    async function failAt(address: string, form: Record<string, string>, headers: Record<string, string> = {}) {
      const answers = [];
      for (let at = 0; at < MOST_FAILURES; at++) answers.push((await from(address, form, headers)).statusCode);
      expect(new Set(answers)).toEqual(new Set([401]));
    }

    it('make their address wait, with this client, and nobody else', async () => {
      const [guessed, other] = [await identity.client(), await identity.client()];
      for (const one of [guessed, other]) await grant(one.client_id);
      await failAt('198.51.100.1', wrong(guessed));
      const refused = await from('198.51.100.1', right(guessed));
      expect([refused.statusCode, refused.json()]).toMatchObject([
        429,
        { error: 'too_many_requests', error_details: { reason: 'rate_limited', retry_after: expect.any(Number) } },
      ]);
      expect(refused.body).not.toContain('rate_limit"');
      expect(refused.headers).toMatchObject({
        ...{ 'x-ratelimit-limit': String(MOST_FAILURES), 'x-ratelimit-remaining': '0' },
        'x-ratelimit-reset': expect.stringMatching(/^\d+$/),
      });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
      expect((await from('198.51.100.2', right(guessed))).statusCode).toBe(200);
      expect((await from('198.51.100.1', right(other))).statusCode).toBe(200);
    });

    it('S5 are counted for the address that a believed proxy names, and for no other that is named', async () => {
      const guessed = await identity.client();
      await grant(guessed.client_id);
      const victim = { 'x-forwarded-for': '203.0.113.7' };
      await failAt('198.51.100.3', wrong(guessed), victim);
      expect((await from(PROXY, right(guessed), victim)).statusCode).toBe(200);
      expect((await from('198.51.100.3', right(guessed))).statusCode).toBe(429);
      await failAt(PROXY, wrong(guessed), { 'x-forwarded-for': '6.6.6.6, 203.0.113.8' });
      expect((await from(PROXY, right(guessed), { 'x-forwarded-for': '203.0.113.8' })).statusCode).toBe(429);
      expect((await from(PROXY, right(guessed), { 'x-forwarded-for': '6.6.6.6' })).statusCode).toBe(200);
    });

    it('tell nobody whether a token is one of ours', async () => {
      const { refresh_token } = await identity.tokens(email, client);
      const answers = async (token: string) => {
        const sent = { grant_type: 'refresh_token', refresh_token: token, client_secret: 'cnry_wrong' };
        return (await from('198.51.100.4', sent)).statusCode;
      };
      for (let at = 0; at < MOST_FAILURES; at++) await answers(at % 2 ? refresh_token : 'cnry_unknown');
      expect([await answers(refresh_token), await answers('cnry_unknown')]).toEqual([429, 429]);
    });
  });

  it('ID-05 the library finds no client for a request that did not come through the door', async () => {
    const provider = await identity.app.get(ProviderHolder, { strict: false }).provider();
    const answer = provider.callback();
    const bare = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
    await once(bare, 'listening');
    const { client_id, client_secret } = client;
    try {
      for (const path of ['/oauth/token', '/oauth/par']) {
        const refused = await fetch(`http://127.0.0.1:${(bare.address() as AddressInfo).port}${path}`, {
          method: 'POST',
          body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
        });
        expect([path, refused.status]).toEqual([path, 401]);
      }
    } finally {
      bare.close();
      bare.closeAllConnections();
    }
  });

  it('ID-02 and S5 say no address but the public one, whatever a request says', async () => {
    const forged = {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'gopher',
      forwarded: 'host=evil.example',
    };
    const asked = new URLSearchParams({
      ...{ response_type: 'code', client_id: client.client_id, redirect_uri: CALLBACK, scope: 'openid', state: 's' },
      ...{ code_challenge: 'a'.repeat(43), code_challenge_method: 'S256', prompt: 'none' },
    });
    const urls = ['/.well-known/openid-configuration', `/authorize?${asked.toString()}`, `/authorize?client_id=nobody`];
    for (const url of urls) {
      const headers = { host: 'evil.example', 'x-original-url': '/evil.example', ...forged };
      // Even from a proxy that is believed for the client's address.
      const { body, headers: answered } = await identity.app.inject({ url, headers, remoteAddress: PROXY });
      expect([url, body + JSON.stringify(answered)]).toEqual([url, expect.not.stringContaining('evil.example')]);
    }
  });

  it('ID-03 refuses a body that is too large, in the shape of every other refusal', async () => {
    for (const path of ['/oauth/token', '/oauth/par', '/oauth/revoke'])
      for (const size of [33 * 1024, 300 * 1024]) {
        const { status, body, headers } = await identity.post(path, { token: 'a'.repeat(size) });
        expect([path, status, body['error']]).toEqual([path, 413, 'invalid_request']);
        expect(headers.get('www-authenticate')).toBeNull();
      }
  });

  it('ID-03 refuses what is there twice, is no text, is too many, cannot be read or has another type, at every endpoint', async () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`parameter${at}`, 'x']));
    for (const path of ['/oauth/token', '/oauth/par', '/oauth/revoke']) {
      const form = (payload: string | Buffer, type: string) =>
        identity.app.inject({ method: 'POST', url: path, payload, headers: { 'content-type': type } });
      const type = 'application/x-www-form-urlencoded';
      for (const answer of [
        await form('client_id=a&client_id=b&token=c&grant_type=refresh_token', type),
        await form('{"client_id":"a","client_id":"b"}', 'application/json'),
        await form('{"client_id":["a"]}', 'application/json'),
        await form('["client_id"]', 'application/json'),
        await form('{"client_id"', 'application/json'),
        await form('client_id=a', 'text/plain'),
        await form('client_id=a&token=%zz&grant_type=refresh_token', type),
        await form(Buffer.from([...Buffer.from('grant_type=refresh_token&token='), 0xff]), type),
        await form(new URLSearchParams(many(33)).toString(), type),
        await form(JSON.stringify(many(1001)), 'application/json'),
      ])
        expect([path, answer.statusCode, answer.json<{ error: string }>().error]).toEqual([
          path,
          400,
          'invalid_request',
        ]);
      // JSON has a limit of its own, and this is read to its end.
      const read = { ...many(996), grant_type: 'refresh_token', client_id: 'a', client_secret: 'cnry_b', token: 'c' };
      expect((await form(JSON.stringify(read), 'application/json')).json()).toMatchObject({ error: 'invalid_client' });
    }
  });

  it('GR-11 and A8 offers no password grant and no implicit one, and takes no callback but one that is written out', async () => {
    for (const grant_type of ['password', 'http://auth0.com/oauth/grant-type/password-realm', 'implicit'])
      expect((await identity.token({ grant_type })).body).toMatchObject({ error: 'unsupported_grant_type' });
    const open = (params: Record<string, string>) =>
      identity.browser().open(
        `/authorize?${new URLSearchParams({
          ...{ response_type: 'code', client_id: client.client_id, redirect_uri: CALLBACK, scope: 'openid' },
          ...{ code_challenge: 'a'.repeat(43), code_challenge_method: 'S256', nonce: 'n1' },
          ...params,
        }).toString()}`,
      );
    for (const response_type of ['token', 'id_token', 'id_token token', 'code id_token']) {
      const { left, text } = await open({ response_type });
      expect([response_type, left ?? text]).toEqual([
        response_type,
        expect.stringContaining('unsupported_response_type'),
      ]);
    }
    for (const redirect_uri of [
      `${CALLBACK}/`,
      `${CALLBACK}?a=1`,
      CALLBACK.toUpperCase(),
      'https://app.example.com:444/callback',
    ])
      expect(await open({ redirect_uri })).toMatchObject({ status: 400, left: null });
  });

  it('A3 lets no client register itself, wherever it looks for a place to', async () => {
    const { body } = await identity.get('/.well-known/openid-configuration');
    expect(body).toHaveProperty('token_endpoint');
    expect(body).not.toHaveProperty('registration_endpoint');
    for (const path of ['/oidc/register', '/oauth/register', '/register', '/reg', '/connect/register'])
      expect([path, (await identity.json(path, { redirect_uris: [CALLBACK] })).status]).toEqual([path, 404]);
  });

  it('ID-08 signs in a client of the vault with callbacks of web and app, on no port but the one that is written', async () => {
    const callbacks = [CALLBACK, 'com.example.app:/callback', 'http://127.0.0.1:8765/callback'];
    const mixed = await identity.client({
      app_type: 'native',
      token_endpoint_auth_method: 'client_secret_post',
      callbacks,
    });
    for (const redirect_uri of callbacks) {
      const { params } = await identity.authorize(identity.browser(), email, mixed, { redirect_uri });
      expect(params.get('code')).toBeTruthy();
    }
    for (const redirect_uri of [
      'http://127.0.0.1:8766/callback',
      'http://127.0.0.1/callback',
      'com.example.app:/other',
    ])
      await expect(identity.authorize(identity.browser(), email, mixed, { redirect_uri })).rejects.toThrow(
        /stayed on \/authorize/,
      );
  });

  it('GR-06 and ID-21 refuses a revoked refresh token as a subject from then on', async () => {
    const { refresh_token } = await identity.tokens(email, client);
    const other = await identity.client();
    const exchange = () => identity.subjects.validate(identity.subject(refresh_token, client));
    const revoke = ({ client_id, client_secret }: Client) =>
      identity.post('/oauth/revoke', {
        client_id,
        client_secret,
        token: refresh_token,
        token_type_hint: 'access_token',
      });
    expect(await revoke(other)).toMatchObject({ status: 200, text: '' });
    expect(await exchange()).toMatchObject({ clientId: client.client_id });
    for (let times = 0; times < 2; times++) expect(await revoke(client)).toMatchObject({ status: 200, text: '' });
    await expect(exchange()).rejects.toMatchObject({ code: 'invalid_grant', status: 403 });
  });

  it('revokes an opaque access token by itself', async () => {
    const { access_token, refresh_token } = await identity.tokens(email, client);
    expect(access_token).not.toContain('.');
    const userinfo = () => identity.get('/userinfo', { authorization: `Bearer ${access_token}` });
    const other = await identity.client();
    const sent = ({ client_id, client_secret }: Client) => ({ client_id, client_secret, token: access_token });
    expect((await identity.post('/oauth/revoke', sent(other))).status).toBe(200);
    expect((await userinfo()).status).toBe(200);
    expect((await identity.post('/oauth/revoke', sent(client))).status).toBe(200);
    expect((await userinfo()).status).toBe(401);
    expect((await identity.refresh(client, refresh_token)).status).toBe(200);
  });
});
