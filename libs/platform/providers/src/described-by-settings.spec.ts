import { answer, custom, inSeconds, NOW } from '../test/connection.js';
import { authorizationRequest } from './authorization-request.js';
import { checkProviderSettings, providerSettings } from './catalogue-schema.js';
import { readTokenAnswer } from './token-answer.js';
import { tokenRequest } from './token-request.js';

/** A shape that no shipped entry has, in one connection and nothing else. */
const provider_settings = {
  clientAuth: { methods: ['client_secret_basic'], refreshMethods: ['client_secret_post'] },
  authorization: { scopeDelimiter: ',', offlineParams: { keep: 'yes' } },
  tokenResponse: {
    formats: ['json', 'form'],
    success: [{ path: '/status', equals: 'done' }],
    paths: { accessToken: ['/data/credential/value', '/credential'], refreshToken: ['/data/renewal', '/renewal'] },
    noExpiry: 'default',
    defaultTtlSeconds: 900,
  },
  errors: { code: ['/problem/kind'], rules: [{ when: { code: ['gone_for_good'] }, class: 'reconnect' }] },
};
const resolved = custom({ provider_settings, scope: ['a', 'b'] });
const read = (phase: 'exchange' | 'refresh', body: unknown) =>
  readTokenAnswer(resolved, phase, { scopes: ['a', 'b'] }, answer(200, body), NOW);

describe('a provider described by the settings of one connection', () => {
  it('is accepted as it is written', () => {
    expect(checkProviderSettings(provider_settings)).toEqual([]);
  });

  it('is asked for scopes by commas and for a refresh token in its own way', () => {
    const flow = { redirectUri: 'https://v.example/cb', state: 's', codeChallenge: null, nonce: null };
    const { url } = authorizationRequest(resolved, { ...flow, scopes: null, params: {}, offline: true });
    expect(url).toContain('scope=a%2Cb&keep=yes');
  });

  it('gets the secret as Basic for the code and in the body for a refresh', () => {
    const input = {
      clientSecret: 'cnry_s',
      code: 'cnry_c',
      redirectUri: 'https://v.example/cb',
      refreshToken: 'cnry_r',
    };
    const exchange = tokenRequest(resolved, 'exchange', input);
    expect(exchange.headers).toMatchObject({ Authorization: `Basic ${Buffer.from('ours:cnry_s').toString('base64')}` });
    expect(exchange.body).not.toContain('client_secret');
    const refresh = tokenRequest(resolved, 'refresh', input);
    expect(refresh.headers).not.toHaveProperty('Authorization');
    expect(refresh.body).toBe('grant_type=refresh_token&refresh_token=cnry_r&client_id=ours&client_secret=cnry_s');
  });

  it('is read where its token is, nested or in a form, and lives as long as the settings say', () => {
    expect(
      read('exchange', { status: 'done', data: { credential: { value: 'cnry_a' }, renewal: 'cnry_r' } }),
    ).toMatchObject({
      accessToken: 'cnry_a',
      refreshToken: 'cnry_r',
      scopes: ['a', 'b'],
      expiresAt: inSeconds(900),
      saysLifetime: false,
    });
    expect(read('refresh', 'status=done&credential=cnry_a2')).toMatchObject({
      accessToken: 'cnry_a2',
      refreshToken: null,
    });
  });

  it('answers 200 and means an error', () => {
    expect(read('refresh', { status: 'failed', problem: { kind: 'gone_for_good' } })).toMatchObject({
      class: 'reconnect',
      code: 'gone_for_good',
    });
    expect(read('refresh', { status: 'failed', data: { credential: { value: 'cnry_a' } } })).toMatchObject({
      class: 'malformed',
    });
  });
});

describe('settings of a connection', () => {
  it.each([
    [{ name: 'X' }, '/name'],
    [{ aliases: ['x'] }, '/aliases'],
    [{ strategy: 'x' }, '/strategy'],
    [{ presets: { x: { y: 'z' } } }, '/presets'],
    [{ extends: 'oidc' }, '/extends'],
    [{ tokenRequest: { encodng: 'json' } }, '/tokenRequest/encodng'],
    [{ refresh: { mode: 'x' } }, '/refresh/mode'],
    [{ refresh: { skewSeconds: -1 } }, '/refresh/skewSeconds'],
    [{ clientAuth: { methods: [] } }, '/clientAuth/methods'],
    [{ authorization: { params: { redirect_uri: 'x' } } }, '/authorization/params/redirect_uri'],
    [{ endpoints: { token: 'https://{p}/t' }, params: { p: { pattern: '^.+$' } } }, '/endpoints/token'],
    [
      { errors: { rules: [{ when: { descriptionMatches: '(?<!a)b' }, class: 'retry' }] } },
      '/errors/rules/0/when/descriptionMatches',
    ],
    [JSON.parse('{"tokenRequest":{"exchangeParams":{"__proto__":"x"}}}'), '/tokenRequest/exchangeParams/__proto__'],
    ['text', ''],
    [[], ''],
  ])('are refused with %j at %s', (value, pointer) => {
    expect(checkProviderSettings(value)).toContainEqual({ pointer, message: expect.any(String) });
    const path = pointer.split('/').slice(1);
    expect(providerSettings.safeParse(value).error?.issues).toContainEqual(expect.objectContaining({ path }));
  });

  it('may be absent', () => {
    for (const value of [null, undefined]) expect(providerSettings.nullish().parse(value)).toBe(value);
  });
});
