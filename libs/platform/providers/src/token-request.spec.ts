import { custom, openid } from '../test/connection.js';
import { tokenRequest } from './token-request.js';

const refresh = { clientSecret: 'cnry_s:/+ é', refreshToken: 'cnry_rt' };
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('a token request', () => {
  it.each([
    ['form-encoded before it is joined', {}, 'o%3Aurs:cnry_s%3A%2F%2B%20%C3%A9'],
    [
      'raw where the provider wants it so',
      { provider_settings: { clientAuth: { basicEncoding: 'raw' } } },
      'o:urs:cnry_s:/+ é',
    ],
  ])('has the Basic credentials %s', (_, options, credentials) => {
    const { headers, body } = tokenRequest(openid({ client_id: 'o:urs', ...options }), 'refresh', refresh);
    expect(headers!['Authorization']).toBe(basic(credentials));
    expect(body).not.toContain('client_');
  });

  it('names a public client in the body, without a secret', () => {
    const request = tokenRequest(openid(), 'refresh', { ...refresh, clientSecret: null });
    expect(request.headers).not.toHaveProperty('Authorization');
    expect(request.body).toBe('grant_type=refresh_token&refresh_token=cnry_rt&client_id=ours');
  });

  it('is JSON where the provider wants it so', () => {
    const resolved = custom({ provider_settings: { tokenRequest: { encoding: 'json' } } });
    const { headers, body } = tokenRequest(resolved, 'refresh', refresh);
    expect(headers!['Content-Type']).toBe('application/json');
    expect(JSON.parse(body as string)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'cnry_rt',
      client_id: 'ours',
      client_secret: refresh.clientSecret,
    });
  });

  it.each([
    ['never', undefined],
    ['always', 'a b'],
    ['when-narrowing', 'a b'],
  ] as const)('with refreshScope %s sends scope %s', (refreshScope, scope) => {
    const resolved = custom({ provider_settings: { tokenRequest: { refreshScope } } });
    const { body } = tokenRequest(resolved, 'refresh', { ...refresh, scopes: ['a', 'b'] });
    expect(new URLSearchParams(body as string).get('scope') ?? undefined).toBe(scope);
  });

  it('carries the headers of the connection, but not those that belong to the request', () => {
    const resolved = custom({ customHeaders: { 'X-Tenant': '1', Host: 'evil.example', 'Content-Length': '1' } });
    expect(Object.keys(tokenRequest(resolved, 'refresh', refresh).headers!)).toEqual([
      'Accept',
      'X-Tenant',
      'Content-Type',
    ]);
  });

  it('refuses a way of authentication that it does not know', () => {
    const resolved = custom({ token_endpoint_auth_method: 'private_key_jwt' });
    expect(() => tokenRequest(resolved, 'refresh', refresh)).toThrow('private_key_jwt');
  });
});
