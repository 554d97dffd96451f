import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, type JWTPayload } from 'jose';
import { type AuthorizationApp, CALLBACK, startIdentity, VAULT_GRANT } from '../../test/authorization-app.js';

describe('the form of tokens', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  let userId: string;
  const email = 'someone@example.com';
  const NUMBER = expect.any(Number) as number;
  const TEXT = expect.stringMatching(/^[\w-]{16,}$/) as string;

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client();
    userId = (await identity.person(email)).user_id;
  });
  afterAll(() => identity?.stop());

  const userinfo = () => `${identity.origin}/userinfo`;
  /** Of a token that lasts so long. Scopes are a set. */
  const claimsOf = (token: string, seconds: number): JWTPayload => {
    const claims = decodeJwt(token);
    expect(claims.exp! - claims.iat!).toBe(seconds);
    const { scope } = claims as { scope: string };
    return { ...claims, scope: scope.split(' ').sort().join(' ') };
  };
  /** Of a person's token and of a machine's, besides what is in every one. */
  const common = () => ({ iss: `${identity.origin}/`, iat: NUMBER, exp: NUMBER, jti: TEXT });

  describe.each([
    ['access_token', 'JWT', 'azp', false],
    ['access_token_authz', 'JWT', 'azp', true],
    ['rfc9068_profile', 'at+jwt', 'client_id', false],
    ['rfc9068_profile_authz', 'at+jwt', 'client_id', true],
  ] as const)('of the dialect %s', (token_dialect, typ, party, hasPermissions) => {
    const identifier = `api-${token_dialect}`;
    const permissions = (...scopes: string[]) => (hasPermissions ? { permissions: scopes } : {});

    beforeAll(async () => {
      await identity.api(identifier, { token_dialect, token_lifetime: 1200 });
      const grant = { client_id: client.client_id, audience: identifier };
      await identity.manage('POST', '/client-grants', { ...grant, scope: ['write:things'] });
      await identity.manage('POST', '/client-grants', { ...grant, scope: ['read:things'], subject_type: 'user' });
      await identity.manage('PATCH', `/resource-servers/${identifier}`, {
        subject_type_authorization: { user: { policy: 'require_client_grant' } },
      });
    });

    it('ID-10 has exactly these claims for a person, through refreshes too', async () => {
      const asked = { audience: identifier, scope: 'openid offline_access read:things write:things' };
      const answer = await identity.redeem(client, await identity.authorize(identity.browser(), email, client, asked));
      const tokens = answer.body as Record<'access_token' | 'refresh_token' | 'id_token', string>;
      expect(answer.body).toMatchObject({ expires_in: 1200, token_type: 'Bearer' });
      expect(decodeProtectedHeader(tokens.access_token)).toEqual({ alg: 'RS256', typ, kid: TEXT });
      const claims = claimsOf(tokens.access_token, 1200);
      const { sid } = decodeJwt(tokens.id_token);
      const expected = {
        ...common(),
        sub: userId,
        aud: [identifier, userinfo()],
        [party]: client.client_id,
        scope: 'offline_access openid read:things',
        gty: 'authorization_code',
        ...{ gid: TEXT, sid },
        // Write is the client's own, by its grant of type client; people do not allow it through this client.
        ...permissions('read:things'),
      };
      expect(claims).toEqual(expected);

      const refreshed = await identity.refresh(client, tokens.refresh_token, { audience: identifier });
      expect(refreshed.body).toMatchObject({ expires_in: 1200, token_type: 'Bearer' });
      const again = claimsOf(refreshed.body['access_token'] as string, 1200);
      expect(again).toEqual({ ...expected, gty: 'refresh_token', gid: claims['gid'] });
      expect(again.jti).not.toBe(claims.jti);
      const narrow = await identity.refresh(client, tokens.refresh_token, { scope: 'read:things' });
      expect(decodeJwt(narrow.body['access_token'] as string)).toMatchObject({ aud: identifier, scope: 'read:things' });
    });

    it('ID-10 has exactly these claims for a machine', async () => {
      const { body } = await identity.token({
        ...{ grant_type: 'client_credentials', ...client, audience: identifier },
      });
      expect(body).toEqual({
        access_token: expect.any(String) as string,
        token_type: 'Bearer',
        expires_in: 1200,
        scope: 'write:things',
      });
      const token = body['access_token'] as string;
      expect(decodeProtectedHeader(token)).toEqual({ alg: 'RS256', typ, kid: TEXT });
      expect(claimsOf(token, 1200)).toEqual({
        ...common(),
        sub: `${client.client_id}@clients`,
        aud: identifier,
        [party]: client.client_id,
        scope: 'write:things',
        gty: 'client-credentials',
        ...permissions('write:things'),
      });
    });
  });

  it('ID-09 is a JWT for the API and for /userinfo, with a refresh token beside it, asked directly and by PAR', async () => {
    await identity.api('my-api');
    const asked = { audience: 'my-api', scope: 'openid offline_access' };
    const direct = await identity.tokens(email, client, asked);

    const verifier = randomBytes(32).toString('base64url');
    const pushed = await identity.post('/oauth/par', {
      ...{ ...client, ...asked, response_type: 'code', redirect_uri: CALLBACK, code_challenge_method: 'S256' },
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    });
    expect(pushed.status).toBe(201);
    const request = { client_id: client.client_id, request_uri: pushed.body['request_uri'] as string };
    const signed = await identity.authorize(identity.browser(), email, client, request);
    const { body } = await identity.redeem(client, { ...signed, verifier });
    for (const tokens of [direct, body as typeof direct]) {
      expect(claimsOf(tokens.access_token, 86_400)).toMatchObject({
        aud: ['my-api', userinfo()],
        scope: 'offline_access openid',
      });
      expect(tokens.refresh_token).toMatch(/^[\w-]{43,}$/);
      expect(decodeProtectedHeader(tokens.id_token)).toEqual({ alg: 'RS256', kid: TEXT });
    }
  });

  it('of ID tokens has what the contract names, and says when somebody signed in where that was asked', async () => {
    const asked = { scope: 'openid', nonce: 'n-1' };
    const { id_token } = await identity.tokens(email, client, asked);
    const expected = {
      ...{
        iss: `${identity.origin}/`,
        aud: client.client_id,
        sub: userId,
        iat: NUMBER,
        exp: NUMBER,
        nonce: 'n-1',
        sid: TEXT,
      },
    };
    const { at_hash: _, ...claims } = decodeJwt(id_token);
    expect(claims).toEqual(expected);
    const aged = await identity.tokens(email, client, { ...asked, max_age: '600' });
    const { auth_time, iat } = decodeJwt(aged.id_token);
    expect(auth_time).toBeLessThanOrEqual(iat!);
  });

  it('lists in discovery what is served, and nothing else', async () => {
    const { body, headers } = await identity.get('/.well-known/openid-configuration');
    expect((await identity.get('/.well-known/oauth-authorization-server')).body).toEqual(body);
    expect(headers.get('cache-control')).toBe('public, max-age=15');
    const at = (path: string) => identity.origin + path;
    const { claims_supported, scopes_supported, grant_types_supported, ...others } = body;
    expect(others).toEqual({
      issuer: at('/'),
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/oauth/token'),
      userinfo_endpoint: at('/userinfo'),
      jwks_uri: at('/.well-known/jwks.json'),
      revocation_endpoint: at('/oauth/revoke'),
      pushed_authorization_request_endpoint: at('/oauth/par'),
      end_session_endpoint: at('/oidc/logout'),
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      token_endpoint_auth_signing_alg_values_supported: ['RS256', 'RS384', 'PS256'],
      dpop_signing_alg_values_supported: ['ES256', 'PS256', 'RS256', 'EdDSA'],
      authorization_response_iss_parameter_supported: true,
      ...{
        request_uri_parameter_supported: false,
        request_parameter_supported: false,
        claims_parameter_supported: false,
      },
    });
    expect(claims_supported).toEqual(expect.arrayContaining(['sub', 'iss', 'aud', 'exp', 'iat', 'email', 'sid']));
    expect(scopes_supported).toEqual(['openid', 'profile', 'email', 'phone', 'offline_access']);
    expect(grant_types_supported).toEqual([
      ...['authorization_code', 'refresh_token', 'client_credentials', VAULT_GRANT],
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ]);
    for (const member of ['token', 'revocation', 'pushed_authorization_request'])
      expect((await identity.post(new URL(body[`${member}_endpoint`] as string).pathname, {})).status).not.toBe(404);
  });
});
