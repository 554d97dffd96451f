import { connection, type Json, MASK, startVault } from '../../test/vault.js';

let vault: Awaited<ReturnType<typeof startVault>>;
beforeAll(async () => void (vault = await startVault()));
afterAll(() => vault.stop());

const metadata = (more: Json = {}): Json => vault.provider.metadata(more);
const oidc = (options: Json = {}): Json => connection('oidc', { issuer: vault.provider.origin, ...options });
const seen = (id: string) => vault.directory.byId(id, null);

describe('saving an OpenID connection', () => {
  it('keeps what discovery says', async () => {
    vault.provider.says(metadata());
    const body = await vault.create(oidc());
    expect(body).not.toHaveProperty('warnings');
    expect(await seen(body['id'])).toMatchObject({ metadata: metadata(), tokenOrigin: vault.provider.origin });
  });

  it.each([
    ['another issuer', () => metadata({ issuer: 'https://evil.example' }), {}, /options\.issuer: .*another issuer/],
    [
      'no token endpoint',
      () => metadata({ token_endpoint: undefined }),
      {},
      /name no token_endpoint; write it by hand/,
    ],
    ['no keys', () => metadata({ jwks_uri: undefined }), {}, /name no jwks_uri/],
    ['no S256', () => metadata({ code_challenge_methods_supported: ['plain'] }), {}, /pkce: .*S256; set disabled/],
    [
      'only HMAC',
      () => metadata({ id_token_signing_alg_values_supported: ['HS256'] }),
      {},
      /response_algs: .*none of RS/,
    ],
    ['nothing', () => null, {}, /status 404/],
    ['an inner address', () => metadata({ jwks_uri: 'http://10.0.0.1/jwks' }), {}, /STRONGROOM_EGRESS_ALLOW/],
    [
      'no client authentication of ours',
      () => metadata({ token_endpoint_auth_methods_supported: ['private_key_jwt'] }),
      {},
      /token_endpoint_auth_method: .*no client authentication method in common; allow client_secret_basic/,
    ],
    [
      'client authentication that was not chosen',
      () => metadata({ token_endpoint_auth_methods_supported: ['client_secret_post'] }),
      { token_endpoint_auth_method: 'client_secret_basic' },
      /token_endpoint_auth_method: .*set client_secret_post/,
    ],
    [
      'public clients only, and a secret',
      () => metadata({ token_endpoint_auth_methods_supported: ['none'] }),
      {},
      /token_endpoint_auth_method: .*set none/,
    ],
    ['no client id', () => metadata(), { client_id: undefined }, /options\.client_id: is required/],
    ['no issuer', () => metadata(), { issuer: undefined }, /options\.issuer: is required, or discovery_url/],
    [
      'an issuer other than that of its document',
      () => metadata(),
      { issuer: 'https://other.example', discovery_url: '/.well-known/openid-configuration' },
      /options\.issuer: is not the issuer that the document/,
    ],
  ])('says what is wrong with %s', async (_, says, options: Json, message) => {
    vault.provider.says(says());
    const { discovery_url: path } = options;
    const body = oidc({ ...options, ...(path ? { discovery_url: vault.provider.origin + path } : {}) });
    expect(await vault.refusal('POST', '', body)).toMatch(message);
  });

  it('does without PKCE where the administrator says so', async () => {
    vault.provider.says(metadata({ code_challenge_methods_supported: ['plain'] }));
    await vault.create(oidc({ connection_settings: { pkce: 'disabled' } }));
  });

  it('finds the issuer by the address of its document', async () => {
    vault.provider.says(metadata());
    const url = `${vault.provider.origin}/.well-known/openid-configuration`;
    const body = await vault.create(oidc({ issuer: undefined, discovery_url: url }));
    expect(body).not.toHaveProperty('warnings');
    expect(await seen(body['id'])).toMatchObject({ tokenOrigin: vault.provider.origin });
  });

  const byHand = {
    issuer: 'https://idp.example',
    authorization_endpoint: 'https://idp.example/a',
    token_endpoint: 'https://idp.example/t',
    jwks_uri: 'https://idp.example/k',
  };

  it.each([
    ['in options of their own', byHand],
    ['in oidc_metadata', { issuer: undefined, oidc_metadata: byHand }],
  ])('asks nobody where every endpoint is written by hand, %s', async (_, options) => {
    const asked = vault.provider.asked();
    const body = await vault.create(oidc(options));
    expect(body).not.toHaveProperty('warnings');
    expect((await seen(body['id']))!.tokenOrigin).toBe('https://idp.example');
    expect(vault.provider.asked()).toBe(asked);
  });

  it('needs the issuer by hand too', async () => {
    expect(await vault.refusal('POST', '', oidc({ ...byHand, issuer: undefined }))).toMatch(
      /options\.issuer: is required: an ID token/,
    );
  });

  it('asks for what is not written by hand', async () => {
    vault.provider.says(metadata());
    const { id } = await vault.create(oidc({ token_endpoint: 'https://idp.example/t' }));
    expect(await seen(id)).toMatchObject({ tokenOrigin: 'https://idp.example', metadata: metadata() });
  });

  it('keeps the metadata of an unchanged issuer while the provider is away', async () => {
    vault.provider.says(metadata());
    const made = await vault.create(oidc());
    await vault.provider.goesAway();
    const options = { ...made['options'], scope: 'openid email' };
    const { status } = await vault.send('PATCH', `/${made['id']}`, { options });
    const refusal = await vault.refusal('POST', '', oidc());
    await vault.provider.comesBack();
    expect(status).toBe(200);
    expect((await seen(made['id']))!.metadata).toEqual(metadata());
    expect(refusal).toMatch(/options\.issuer: the provider could not be reached/);
  });

  it('M3 MG-14 wants the secret again when discovery moves the token endpoint', async () => {
    vault.provider.says(metadata());
    const before = await vault.create(oidc());
    vault.provider.says(metadata({ token_endpoint: 'https://evil.example/token' }));
    const masked = { options: { ...before['options'], client_secret: MASK, scope: 'openid' } };
    expect(await vault.refusal('PATCH', `/${before['id']}`, masked)).toContain('options.client_secret');
  });

  it('does not overwrite what was changed while the provider was asked', async () => {
    vault.provider.says(metadata());
    const made = await vault.create(oidc());
    vault.provider.onceBeforeItAnswers(() => vault.send('PATCH', `/${made['id']}`, { display_name: 'In between' }));
    const options = { ...made['options'], scope: 'openid email' };
    const { body } = await vault.send('PATCH', `/${made['id']}`, { options });
    expect(body).toMatchObject({ display_name: 'In between', options: { scope: 'openid email' } });
    expect((await vault.events(made['id'])).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });
});

describe('a directory of the catalogue', () => {
  it.each([
    ['okta', { domain: 'acme.okta.com' }, 'https://acme.okta.com'],
    ['keycloak', { host: 'sso.acme.example', realm: 'staff' }, 'https://sso.acme.example'],
    ['waad', { tenant_domain: 'acme.example' }, 'https://login.microsoftonline.com'],
  ])('%s is complete without asking anybody', async (strategy, options, origin) => {
    const asked = vault.provider.asked();
    const body = await vault.create(connection(strategy, options));
    expect(body).not.toHaveProperty('warnings');
    expect(await seen(body['id'])).toMatchObject({ tokenOrigin: origin, metadata: null });
    expect(vault.provider.asked()).toBe(asked);
  });

  it('is asked at the issuer that the administrator names instead', async () => {
    vault.provider.says(metadata());
    const body = await vault.create(connection('okta', { issuer: vault.provider.origin }));
    expect(body).not.toHaveProperty('warnings');
    expect(await seen(body['id'])).toMatchObject({ tokenOrigin: vault.provider.origin });
  });

  it('may have a public client', async () => {
    await vault.create(
      connection('okta', { domain: 'acme.okta.com', token_endpoint_auth_method: 'none', client_secret: undefined }),
    );
  });
});
