import { custom, openid } from '../test/connection.js';
import { type AuthorizationFlow, authorizationRequest } from './authorization-request.js';
import type { ResolvedProvider } from './resolved-provider.js';

const asked = (resolved: ResolvedProvider, flow: Partial<AuthorizationFlow> = {}) => {
  const { url, scopesAsked } = authorizationRequest(resolved, {
    redirectUri: 'https://vault.example/connect/callback/x',
    state: 'st',
    codeChallenge: 'ch',
    nonce: 'n',
    scopes: null,
    params: {},
    offline: true,
    ...flow,
  });
  return { query: Object.fromEntries(new URL(url).searchParams), url, scopesAsked };
};

describe('an authorization request', () => {
  it.each([
    ['joined by space when so configured', { useOauthSpecScope: true }, 'a b'],
    ['joined by comma otherwise', { useOauthSpecScope: undefined }, 'a,b'],
  ])('has its scopes %s', (_, options, scope) => {
    expect(asked(custom({ scope: ['a', 'b'], ...options })).query['scope']).toBe(scope);
  });

  it.each([
    ['those of the connection', { scope: 'a' }, {}, 'openid a offline_access'],
    ['those of the request, with the offline scope', { scope: 'a' }, { scopes: ['b'] }, 'openid b offline_access'],
    ['no offline scope if the connection says so', { offline_access: false }, { scopes: ['b'] }, 'openid b'],
    ['no offline scope in a login that fills no vault', {}, { offline: false, scopes: ['b'] }, 'openid b'],
    ['what was granted before too', {}, { scopes: ['b'], grantedBefore: ['a'] }, 'openid a b offline_access'],
  ])('asks for %s', (_, options, flow: Partial<AuthorizationFlow>, scope) => {
    expect(asked(openid(options), flow).scopesAsked.join(' ')).toBe(scope);
  });

  it('keeps a configured offline_access of a custom provider when the request has scopes of its own', () => {
    expect(asked(custom({ scope: 'a offline_access' }), { scopes: ['b'] }).query['scope']).toBe('b offline_access');
  });

  it.each([
    ['unknown', {}, 'ch'],
    ['on', { pkce_enabled: true }, 'ch'],
    ['off', { pkce_enabled: false }, undefined],
  ])('with PKCE %s has challenge %s', (_, options, challenge) => {
    const { query } = asked(custom(options));
    expect([query['code_challenge'], query['code_challenge_method']]).toEqual([challenge, challenge && 'S256']);
  });

  it('forces consent for a refresh token, but not for an account that has granted before', () => {
    expect(asked(openid()).query['prompt']).toBe('consent');
    expect(asked(openid(), { grantedBefore: ['openid'] }).query).not.toHaveProperty('prompt');
    expect(asked(openid(), { params: { prompt: 'login' } }).query['prompt']).toBe('login');
  });

  it('sends what callers may pass on and what the connection adds, and drops the rest', () => {
    const resolved = custom({
      authParams: { fixed: 'f' },
      authParamsMap: { screen: 'login_hint' },
      upstream_params: { one: { value: '1' }, two: { alias: 'prompt' } },
    });
    const { query } = asked(resolved, { params: { login_hint: 'me@x', prompt: 'login', unheard_of: 'x' } });
    expect(query).toMatchObject({ fixed: 'f', screen: 'me@x', one: '1', two: 'login', login_hint: 'me@x' });
    expect(query).not.toHaveProperty('unheard_of');
  });

  it.each(['state', 'redirect_uri', 'client_id', 'scope', 'nonce', 'code_challenge', 'request', 'response_mode'])(
    'lets neither callers nor the connection set %s',
    (name) => {
      expect(() => asked(custom(), { params: { [name]: 'x' } })).toThrow(name);
      expect(() => asked(custom({ upstream_params: { [name]: { value: 'x' } } }))).toThrow(name);
      expect(() => asked(custom({ provider_settings: { authorization: { params: { [name]: 'x' } } } }))).toThrow(name);
    },
  );

  it('keeps the query that an endpoint has, and drops its fragment', () => {
    const resolved = custom({ authorizationURL: 'https://provider.example/authorize?tenant=1#x' });
    expect(asked(resolved).url).toMatch(/^https:\/\/provider\.example\/authorize\?tenant=1&response_type=code&/);
  });

  it.each(['two words', 'quo"te', 'x'.repeat(190), 'new\nline'])('refuses the scope %j', (scope) => {
    expect(() => asked(custom(), { scopes: [scope] })).toThrow('scope');
  });
});
