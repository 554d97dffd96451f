import { custom, openid } from '../test/connection.js';
import { introspectionRequest } from './introspection.js';
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
    const ours = { Host: 'evil.example', 'Content-Length': '1', TE: 'trailers', Upgrade: 'h2c', 'Keep-Alive': '1' };
    const resolved = custom({ customHeaders: { 'X-Tenant': '1', ...ours } });
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

describe('the authentication of a client', () => {
  const input = { clientSecret: 'cnry_s', code: 'cnry_c', redirectUri: 'https://v.example/cb', refreshToken: 'cnry_r' };
  const by = (clientAuth: object, more: object = {}) =>
    tokenRequest(custom({ provider_settings: { clientAuth } }), 'exchange', { ...input, ...more });
  const base64 = (text: string) => Buffer.from(text).toString('base64');

  it('of a refresh is the first of its own ways, unless the administrator chose another of them', () => {
    const clientAuth = {
      methods: ['client_secret_basic', 'client_secret_post'],
      refreshMethods: ['secret_as_bearer', 'client_secret_post'],
    };
    const header = (options: object) =>
      tokenRequest(custom({ ...options, provider_settings: { clientAuth } }), 'refresh', input).headers![
        'Authorization'
      ];
    expect(header({})).toBe('Bearer cnry_s');
    const methods = ['client_secret_post'];
    const chosen = custom({ provider_settings: { clientAuth: { ...clientAuth, methods } } });
    expect(tokenRequest(chosen, 'refresh', input).headers).not.toHaveProperty('Authorization');
  });

  it('may stand in a header of the provider’s own, wherever the client says who it is', () => {
    const tokenRequestHeaders = { tokenRequest: { headers: { 'X-Key': '{client_secret}' } } };
    const resolved = custom({ provider_settings: tokenRequestHeaders });
    const sent = [
      tokenRequest(resolved, 'exchange', input),
      tokenRequest(resolved, 'refresh', input),
      introspectionRequest(
        custom({
          provider_settings: {
            ...tokenRequestHeaders,
            tokenResponse: { noExpiry: 'introspect' },
            endpoints: { introspection: 'https://provider.example/i' },
          },
        }),
        'cnry_at',
        'cnry_s',
      )!,
    ];
    expect(sent.map(({ headers }) => headers!['X-Key'])).toEqual(['cnry_s', 'cnry_s', 'cnry_s']);
  });

  it.each([
    ['secret_as_basic_username', `Basic ${base64('cnry_s:')}`],
    ['secret_as_bearer', 'Bearer cnry_s'],
    ['client_secret_basic', `Basic ${base64('ours:cnry_s')}`],
  ])('by %s stands in the header alone', (method, expected) => {
    const { headers, body } = by({ methods: [method] });
    expect(headers).toMatchObject({ Authorization: expected });
    expect(body).not.toMatch(/client_id|cnry_s/);
  });

  it.each(['private_key_jwt', 'client_secret_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'])(
    'by %s gives way to the next method, and is refused where there is none',
    (method) => {
      expect(by({ methods: [method, 'client_secret_basic'] }).headers).toHaveProperty('Authorization');
      expect(() => by({ methods: [method] })).toThrow(`client authentication by ${method} is not offered`);
    },
  );

  it('by a signed assertion goes along where the caller has made one', () => {
    expect(by({ methods: ['private_key_jwt', 'client_secret_post'] }, { clientAssertion: 'cnry_jwt' }).body).toMatch(
      /client_id=ours&client_assertion_type=[^&]+&client_assertion=cnry_jwt$/,
    );
  });

  it('is said once, whatever headers a connection adds', () => {
    const resolved = custom({
      customHeaders: { authorization: 'Bearer x' },
      provider_settings: { clientAuth: { methods: ['client_secret_basic'] } },
    });
    const { headers } = tokenRequest(resolved, 'exchange', input);
    expect(Object.keys(headers!).filter((name) => /authorization/i.test(name))).toEqual(['Authorization']);
  });
});
