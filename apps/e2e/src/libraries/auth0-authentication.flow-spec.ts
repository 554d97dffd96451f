import { generateKeyPairSync } from 'node:crypto';
import * as auth0v4 from 'auth0v4';
import * as auth0v5 from 'auth0v5';
import * as auth0v6 from 'auth0v6';
import {
  type Client,
  createApi,
  createClient,
  enable,
  Installation,
  login,
  Scene,
  trust,
  unique,
  VAULT_GRANT,
} from '../driver/index.js';
import { arrive, authorization, authorizeUrl } from './sign-in.js';
import { overHttps } from './where.js';

overHttps('auth0 4, 5 and 6 pointed at us', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  let api: Awaited<ReturnType<typeof createApi>>;
  beforeAll(async () => {
    trust(installation);
    scene = await Scene.create(installation, {
      client: { grant_types: ['authorization_code', 'refresh_token', 'client_credentials', VAULT_GRANT] },
    });
    await scene.connect();
    api = await createApi(installation);
    await enable(installation, scene.connection.id, [api.client]);
    await grantMachine(scene.client);
  });
  afterAll(() => installation.close());

  const grantMachine = (client: Client) =>
    installation.manage('POST', '/client-grants', { client_id: client.id, audience: api.audience, scope: [] });

  describe.each([
    ['4', auth0v4],
    ['5', auth0v5],
    ['6', auth0v6],
  ])('auth0 %s', (_major, { AuthenticationClient, SUBJECT_TOKEN_TYPES, UserInfoClient }) => {
    const library = ({ id, secret }: Client, more: { clientAssertionSigningKey?: string } = {}) =>
      new AuthenticationClient({
        domain: installation.domain,
        clientId: id,
        ...(secret ? { clientSecret: secret } : {}),
        ...more,
      }).oauth;
    const signIn = async () => {
      const { query, verifier } = authorization(scene.client);
      const back = await arrive(scene.person, authorizeUrl(installation, query));
      const { data } = await library(scene.client).authorizationCodeGrantWithPKCE({
        code: back.searchParams.get('code')!,
        redirect_uri: scene.client.callback,
        code_verifier: verifier,
      });
      return { ...data, refresh_token: data.refresh_token! };
    };

    it("LI-01 logs a person in, refreshes, reads who it is and exchanges the refresh token for the provider's", async () => {
      const tokens = await signIn();
      const refreshed = await library(scene.client).refreshTokenGrant({ refresh_token: tokens.refresh_token });
      const about = await new UserInfoClient({ domain: installation.domain }).getUserInfo(refreshed.data.access_token);
      expect(about.data).toMatchObject({ sub: scene.person.userId, email: scene.person.email });

      const { data } = await library(scene.client).tokenForConnection({
        connection: scene.connection.name,
        subject_token: tokens.refresh_token,
      });
      expect(await scene.provider.owner(data.access_token)).toBe('person-1');
      expect(data).toMatchObject({ token_type: 'Bearer', expires_in: expect.any(Number) as number });
    });

    it('LI-01 exchanges an access token as the client of the API, and nobody else does', async () => {
      const { accessToken } = await login(installation, scene.client, scene.person, { audience: api.audience });
      const wanted = {
        connection: scene.connection.name,
        subject_token: accessToken,
        subject_token_type: SUBJECT_TOKEN_TYPES.ACCESS_TOKEN,
      };
      const { data } = await library(api.client).tokenForConnection(wanted);
      expect(await scene.provider.owner(data.access_token)).toBe('person-1');
      await expect(library(scene.client).tokenForConnection(wanted)).rejects.toMatchObject({
        statusCode: 401,
        error: 'invalid_client',
      });
    });

    it('LI-01 pushes what it asks for, and the address works', async () => {
      const { query, verifier } = authorization(scene.client);
      const pushed = await library(scene.client).pushedAuthorization(query);
      expect(pushed.status).toBe(201);
      const back = await arrive(
        scene.person,
        authorizeUrl(installation, { client_id: scene.client.id, request_uri: pushed.data.request_uri }),
      );
      const { data } = await library(scene.client).authorizationCodeGrantWithPKCE({
        code: back.searchParams.get('code')!,
        redirect_uri: scene.client.callback,
        code_verifier: verifier,
      });
      expect(data.token_type).toBe('Bearer');
    });

    it('LI-01 gets a token of its own by secret and by a key, and is told why it gets none', async () => {
      const bySecret = await library(scene.client).clientCredentialsGrant({ audience: api.audience });
      expect(bySecret.data).toMatchObject({ token_type: 'Bearer', expires_in: 86_400 });
      const { client, key } = await keyClient();
      const byKey = await library(client, { clientAssertionSigningKey: key }).clientCredentialsGrant({
        audience: api.audience,
      });
      expect(byKey.data.token_type).toBe('Bearer');
      const wrong = library({ ...scene.client, secret: 'cnry_cs_wrong' }).clientCredentialsGrant({
        audience: api.audience,
      });
      await expect(wrong).rejects.toMatchObject({ statusCode: 401, error: 'invalid_client' });
    });

    it('LI-01 revokes, and what was revoked is worth nothing from then on', async () => {
      const { refresh_token } = await signIn();
      const ended = await library(scene.client).revokeRefreshToken({ token: refresh_token });
      expect(ended.status).toBe(200);
      const exchange = library(scene.client).tokenForConnection({
        connection: scene.connection.name,
        subject_token: refresh_token,
      });
      await expect(exchange).rejects.toMatchObject({ statusCode: 403, error: 'invalid_grant' });
      const refresh = library(scene.client).refreshTokenGrant({ refresh_token });
      await expect(refresh).rejects.toMatchObject({ statusCode: 403, error: 'invalid_grant' });
    });
  });

  /** A client that signs instead of having a secret. */
  async function keyClient(): Promise<{ client: Client; key: string }> {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const client = await createClient(installation, {
      name: unique('key-client'),
      token_endpoint_auth_method: undefined,
      client_authentication_methods: {
        private_key_jwt: { credentials: [{ name: 'first', credential_type: 'public_key', pem, alg: 'RS256' }] },
      },
      grant_types: ['client_credentials'],
    });
    await grantMachine(client);
    return { client: { ...client, secret: '' }, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }
});
