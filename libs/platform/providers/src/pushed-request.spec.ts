import { answer, inSeconds, NOW, openid } from '../test/connection.js';
import { authorizationRequest } from './authorization-request.js';
import { pushedAuthorizationRequest, pushedUrl, readPushedAnswer } from './pushed-request.js';
import { introspectionRequest, readIntrospection } from './introspection.js';

const PUSHED = {
  require_pushed_authorization_requests: true,
  pushed_authorization_request_endpoint: 'https://idp.example/par',
};
const flow = {
  redirectUri: 'https://v.example/cb',
  state: 's',
  codeChallenge: 'c',
  nonce: 'n',
  scopes: null,
  params: {},
  offline: true,
};

describe('a pushed authorization request', () => {
  const resolved = openid({}, PUSHED);
  const { members, url } = authorizationRequest(resolved, flow);

  it('is demanded by metadata and holds what the address would, and who we are', () => {
    expect(resolved.requiresPush).toBe(true);
    expect(openid().requiresPush).toBe(false);
    const request = pushedAuthorizationRequest(resolved, members, 'cnry_s');
    expect(request).toMatchObject({ method: 'POST', url: 'https://idp.example/par', body: url.split('?')[1] });
    expect(request.headers).toMatchObject({ Authorization: expect.stringMatching(/^Basic /) });
    const byPost = openid({ token_endpoint_auth_method: 'client_secret_post' }, PUSHED);
    expect(pushedAuthorizationRequest(byPost, members, 'cnry_s').body).toBe(
      `${url.split('?')[1]}&client_secret=cnry_s`,
    );
  });

  it('leaves the browser only the reference', () => {
    expect(pushedUrl(resolved, 'urn:x:1')).toBe('https://idp.example/authorize?client_id=ours&request_uri=urn%3Ax%3A1');
  });

  it('is answered by a reference and its life, or refused', () => {
    expect(readPushedAnswer(resolved, answer(201, { request_uri: 'urn:x:1', expires_in: 90 }), NOW)).toEqual({
      outcome: 'pushed',
      requestUri: 'urn:x:1',
      expiresIn: 90,
    });
    expect(readPushedAnswer(resolved, answer(401, { error: 'invalid_client' }), NOW)).toMatchObject({
      class: 'client_config',
    });
    expect(readPushedAnswer(resolved, answer(201, {}), NOW)).toMatchObject({ class: 'malformed' });
  });

  it('needs an address', () => {
    const without = openid({}, { require_pushed_authorization_requests: true });
    expect(() => pushedAuthorizationRequest(without, members, null)).toThrow('names no address');
  });
});

describe('introspection', () => {
  const settings = { tokenResponse: { noExpiry: 'introspect', defaultTtlSeconds: 600 } };
  const resolved = openid(
    { provider_settings: settings },
    { introspection_endpoint: 'https://idp.example/introspect' },
  );

  it('is asked for only where the entry says that it tells the end', () => {
    expect(introspectionRequest(resolved, 'cnry_a', 'cnry_s')).toMatchObject({
      url: 'https://idp.example/introspect',
      body: 'token=cnry_a&token_type_hint=access_token',
    });
    expect(
      introspectionRequest(openid({}, { introspection_endpoint: 'https://x.example' }), 'cnry_a', null),
    ).toBeNull();
  });

  it.each([
    [{ active: true, exp: NOW.getTime() / 1000 + 60 }, inSeconds(60)],
    [{ active: true }, inSeconds(600)],
    [{ active: false, exp: NOW.getTime() / 1000 + 60 }, inSeconds(600)],
    [{ active: true, exp: 1 }, inSeconds(600)],
  ])('of %j says %s', (body, expiresAt) => {
    expect(readIntrospection(resolved, answer(200, body), NOW)).toEqual({ outcome: 'introspected', expiresAt });
  });

  it('that is refused is an error like any other', () => {
    expect(readIntrospection(resolved, answer(401, { error: 'invalid_client' }), NOW)).toMatchObject({
      class: 'client_config',
    });
  });
});
