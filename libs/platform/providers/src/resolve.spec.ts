import { custom, openid } from '../test/connection.js';
import { ConnectionMisconfiguredError } from './providers.errors.js';
import { Catalogue } from './catalogue.js';

const settings = (provider_settings: object) => custom({ provider_settings });

describe('a resolved connection', () => {
  it.each([
    [{}, 'strict', 0],
    [{ mode: 'none' }, 'none', 0],
    [{ mode: 'static' }, 'repeatable', 0],
    [{ mode: 'rotating', reuse: 'tolerated' }, 'repeatable', 0],
    [{ mode: 'rotating', reuse: 'grace', graceSeconds: 60 }, 'grace', 60],
    [{ mode: 'rotating', reuse: 'rejected' }, 'strict', 0],
    [{ mode: 'optional', reuse: 'revokes-grant' }, 'strict', 0],
  ])('with refresh %j has rotation class %s', (refresh, rotation, graceSeconds) => {
    expect(settings({ refresh })).toMatchObject({ rotation, graceSeconds, skewSeconds: 30 });
  });

  it('takes endpoints from the options before those of discovery', () => {
    const resolved = openid({ token_endpoint: 'https://other.example/token' });
    expect(resolved.endpoints).toMatchObject({
      authorization: 'https://idp.example/authorize',
      token: 'https://other.example/token',
      jwks: 'https://idp.example/jwks',
    });
    expect(resolved.tokenOrigin).toBe('https://other.example');
  });

  it('binds tokens to where refreshes go, if that is elsewhere', () => {
    const resolved = settings({ endpoints: { refresh: 'https://refresh.example/r' } });
    expect(resolved.endpoints).toMatchObject({
      token: 'https://provider.example/token',
      refresh: 'https://refresh.example/r',
    });
    expect(resolved.tokenOrigin).toBe('https://refresh.example');
    expect(custom().tokenOrigin).toBe('https://provider.example');
  });

  it('merges settings over options and keeps the rules of the base behind its own', () => {
    const own = { when: { code: ['x'] }, class: 'race' } as const;
    const { entry } = settings({ tokenRequest: { headers: { 'X-A': '1' } }, errors: { rules: [own] } });
    expect(entry.tokenRequest.headers).toEqual({ Accept: 'application/json', 'X-A': '1' });
    expect(entry.errors.rules[0]).toEqual(own);
    expect(entry.errors.rules).toHaveLength(custom().entry.errors.rules.length + 1);
  });

  it.each([
    ['no client id', { client_id: undefined }],
    ['no token endpoint', { tokenURL: undefined }],
    ['a token endpoint that is no URL', { tokenURL: 'nowhere' }],
  ])('is misconfigured with %s', (_, options) => {
    expect(() => custom(options)).toThrow(ConnectionMisconfiguredError);
  });

  it.each(['samlp', 'constructor', 'auth0'])('is not there for strategy %s', (strategy) => {
    const connection = { connectionId: 'con_1', name: 'x', strategy, options: {}, metadata: null };
    expect(() => Catalogue.shipped().resolve(connection)).toThrow(ConnectionMisconfiguredError);
  });

  it.each([
    [undefined, ['client_secret_post'], 'client_secret_post'],
    [undefined, ['private_key_jwt', 'client_secret_basic'], 'client_secret_basic'],
    [undefined, undefined, 'client_secret_basic'],
    ['client_secret_post', ['client_secret_basic'], 'client_secret_post'],
  ])('authenticates by choice %s where metadata say %j with %s', (chosen, theirs, expected) => {
    const resolved = openid({ token_endpoint_auth_method: chosen }, { token_endpoint_auth_methods_supported: theirs });
    expect(resolved.clientAuthMethods[0]).toBe(expected);
  });

  it('never accepts ID tokens without a signature or with a shared key', () => {
    const { entry } = openid({ id_token_signed_response_algs: ['none', 'HS256', 'RS512'] });
    expect(entry.idToken.algs).toEqual(['RS512']);
  });

  it.each([
    ['issuer', { issuer: 'https://acme.okta.com' }],
    ['discovery_url', { discovery_url: 'https://acme.okta.com/.well-known/openid-configuration' }],
  ])('is at the server that %s names, and not at the one of the entry', (_, options) => {
    const metadata = { issuer: 'https://acme.okta.com', ...endpoints('https://acme.okta.com/oauth2/v1') };
    const { endpoints: found } = at('okta', { domain: 'acme.okta.com', ...options }, metadata);
    expect(found).toMatchObject({ token: 'https://acme.okta.com/oauth2/v1/token', issuer: 'https://acme.okta.com' });
    expect(at('okta', options, metadata).endpoints).toEqual(found);
  });

  const setting = (name: string) => `https://x.example/authorize?tenant=1&${name}=evil#f`;
  it.each(['state', 'redirect_uri', 'scope', 'client_id', 'st%61te', 'wishes'])(
    'M10 is misconfigured where its authorization endpoint sets %s, whoever says so',
    (name) => {
      const provider_settings = { authorization: { scopeParam: 'wishes' } };
      const message = `authorization endpoint sets ${decodeURIComponent(name)},`;
      const misconfigured = expect.objectContaining({ message: expect.stringContaining(message) });
      const url = setting(name);
      expect(() => custom({ provider_settings, authorizationURL: url })).toThrow(misconfigured);
      expect(() => openid({ provider_settings }, { authorization_endpoint: url })).toThrow(misconfigured);
      expect(() => openid({ provider_settings, authorization_endpoint: url })).toThrow(misconfigured);
    },
  );

  it.each([
    ['has the placeholder {shop}, which nothing fills', '{shop}', {}],
    ['has the placeholder {shop}, which nothing fills', '{shop}', { provider_settings: { pkce: 'required' } }],
    ['holds characters no header may have', 'a\nb', {}],
  ])('is misconfigured by a header of its own that %s, and says its name: %j', (message, text, more) => {
    expect(() => custom({ customHeaders: { 'X-Shop': text }, ...more })).toThrow(
      expect.objectContaining({ message: expect.stringContaining(`options.customHeaders.X-Shop ${message}`) }),
    );
  });

  it('is where the entry says if its server is the same for everybody', () => {
    const { endpoints: found } = at('google-oauth2', { issuer: 'https://accounts.google.com' }, null);
    expect(found.token).toBe('https://oauth2.googleapis.com/token');
  });
});

const endpoints = (base: string) => ({
  authorization_endpoint: `${base}/authorize`,
  token_endpoint: `${base}/token`,
  jwks_uri: `${base}/keys`,
});

const at = (strategy: string, options: object, metadata: Record<string, unknown> | null) =>
  Catalogue.shipped().resolve({
    connectionId: 'con_3',
    name: 'directory',
    strategy,
    options: { client_id: 'ours', ...options },
    metadata,
  });
