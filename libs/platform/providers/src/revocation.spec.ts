import { answer, custom, NOW } from '../test/connection.js';
import { readRevocation, revocableTokens, revocationRequest } from './revocation.js';

const BOTH = { accessToken: 'cnry_a', refreshToken: 'cnry_r' };
const how = (revocation: object, more: object = {}) =>
  custom({ provider_settings: { revocation: { url: 'https://provider.example/revoke', ...revocation }, ...more } });
const sent = (revocation: object, tokens: Parameters<typeof revocationRequest>[1] = BOTH) =>
  revocationRequest(how(revocation), tokens, 'cnry_s');
const CUSTOM = { support: 'custom', auth: 'none' };

describe('a revocation', () => {
  it.each([
    ['refresh-then-access', BOTH, ['cnry_r']],
    ['refresh-then-access', { ...BOTH, refreshToken: null }, ['cnry_a']],
    ['refresh', BOTH, ['cnry_r']],
    ['refresh', { ...BOTH, refreshToken: null }, []],
    ['access', BOTH, ['cnry_a']],
    ['access', { ...BOTH, accessToken: null }, []],
    ['both', BOTH, ['cnry_r', 'cnry_a']],
    ['both', { ...BOTH, refreshToken: null }, ['cnry_a']],
  ])('presents of %s with %j the tokens %j', (token, tokens, presented) => {
    expect(sent({ ...CUSTOM, token }, tokens).map(({ body }) => body)).toEqual(presented.map((one) => `token=${one}`));
  });

  it.each([
    ['refresh-then-access', [true, true], [false, true]],
    ['refresh-then-access', [true, false], [true, false]],
    ['refresh', [true, false], null],
    ['access', [true, true], [true, false]],
    ['both', [true, true], [true, true]],
  ] as const)('needs of %s with access and refresh token %j just %j', (token, [accessToken, refreshToken], needed) => {
    const provider = how({ ...CUSTOM, token });
    const [access, refresh] = needed ?? [];
    const wanted = needed && { accessToken: access, refreshToken: refresh };
    expect(revocableTokens(provider, { accessToken, refreshToken })).toEqual(wanted);
  });

  it('needs none where nothing can be sent', () => {
    const has = { accessToken: true, refreshToken: true };
    expect(revocableTokens(how({ support: 'none' }), has)).toBeNull();
    expect(revocableTokens(custom({ provider_settings: { revocation: CUSTOM } }), has)).toBeNull();
  });

  it('sends its members where the entry says', () => {
    const params = { '{hint}': '{token}' };
    expect(sent({ ...CUSTOM, in: 'query', params })).toEqual([
      {
        method: 'POST',
        url: 'https://provider.example/revoke?refresh_token=cnry_r',
        headers: { Accept: 'application/json' },
      },
    ]);
    expect(sent({ ...CUSTOM, in: 'json', params })[0]).toMatchObject({ body: '{"refresh_token":"cnry_r"}' });
    const url = 'https://provider.example/tokens/{token}';
    expect(sent({ ...CUSTOM, in: 'path', method: 'DELETE', url }, { accessToken: 'a/b', refreshToken: null })).toEqual([
      { method: 'DELETE', url: 'https://provider.example/tokens/a%2Fb', headers: { Accept: 'application/json' } },
    ]);
    expect(sent({ ...CUSTOM, in: 'none' })[0]).not.toHaveProperty('body');
  });

  it.each([
    ['bearer', 'Bearer cnry_r'],
    ['secret_as_bearer', 'Bearer cnry_s'],
    ['basic-client', `Basic ${Buffer.from('ours:cnry_s').toString('base64')}`],
    ['none', undefined],
  ])('authenticates by %s', (auth, expected) => {
    expect(sent({ ...CUSTOM, auth })[0]?.headers?.['Authorization']).toBe(expected);
  });

  it('authenticates as the token endpoint wants it, members last', () => {
    expect(sent({ support: 'custom', auth: 'client' })[0]?.body).toBe(
      'token=cnry_r&client_id=ours&client_secret=cnry_s',
    );
    expect(sent({ support: 'rfc7009', auth: 'none', method: 'GET', in: 'query' })).toMatchObject([
      {
        method: 'POST',
        url: 'https://provider.example/revoke',
        body: 'token=cnry_r&client_id=ours&client_secret=cnry_s',
      },
    ]);
  });

  it('is not sent where there is none, or nowhere to send it', () => {
    expect(sent({ support: 'none' })).toEqual([]);
    expect(revocationRequest(custom(), BOTH, 'cnry_s')).toEqual([]);
  });

  it('needs what the token answer brought, where the entry says so', () => {
    const settings = {
      tokenResponse: { extras: { account: '/account' } },
      revocation: { ...CUSTOM, url: 'https://provider.example/revoke', params: { account: '{account}' } },
    };
    expect(() => revocationRequest(custom({ provider_settings: settings }), BOTH, null)).toThrow('account');
  });
});

describe('the answer to a revocation', () => {
  const resolved = how({
    ...CUSTOM,
    effect: 'grant',
    goneStatuses: [400, 401],
    success: [{ path: '/ok', equals: true }],
  });

  it.each([
    [200, { ok: true }, 'revoked', false],
    [204, { ok: true }, 'revoked', false],
    [200, { ok: false }, 'failed', false],
    [400, { error: 'invalid_token' }, 'already_gone', false],
    [400, { error: 'something' }, 'already_gone', false],
    [401, { error: 'invalid_client' }, 'failed', true],
    [429, {}, 'failed', true],
    [503, {}, 'failed', true],
    [404, {}, 'failed', false],
    [302, {}, 'failed', false],
  ])('of status %d with %j is %s, worth another try: %s', (status, body, outcome, again) => {
    expect(readRevocation(resolved, answer(status, body), NOW)).toMatchObject({ outcome, again, effect: 'grant' });
  });

  it('says when to try again and what the provider called it', () => {
    expect(readRevocation(resolved, answer(429, { error: 'slow_down' }, { 'retry-after': '7' }), NOW)).toEqual({
      outcome: 'failed',
      effect: 'grant',
      class: 'rate_limited',
      code: 'slow_down',
      retryAfter: 7,
      again: true,
    });
  });
});
