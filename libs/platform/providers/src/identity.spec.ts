import { answer, custom, NOW, openid } from '../test/connection.js';
import { identityRequest, readIdentity, readIdentityAnswer } from './identity.js';

describe('the account behind a token', () => {
  it('of a custom provider is asked for once and read by fieldsMap', () => {
    const resolved = custom({
      userInfoURL: 'https://provider.example/me',
      fieldsMap: { user_id: '/data/id', email: 'mail', name: '/data/name' },
    });
    expect(identityRequest(resolved, 'cnry_at')).toEqual({
      method: 'GET',
      url: 'https://provider.example/me',
      headers: { Accept: 'application/json', 'User-Agent': 'strongroom', Authorization: 'Bearer cnry_at' },
    });
    expect(readIdentity(resolved, { userinfo: { data: { id: 42, name: 'Ada' }, mail: 'a@x.example' } })).toEqual({
      subject: '42',
      tenant: null,
      issuer: 'provider.example',
      label: 'Ada',
      email: 'a@x.example',
    });
  });

  it('may stand in the token answer itself, joined from parts that must all be there', () => {
    const identity = { subject: [['token#/team/id', 'token#/user/id']] };
    const resolved = custom({ provider_settings: { identity } });
    expect(readIdentity(resolved, { token: { team: { id: 'T' }, user: { id: 'U' } } }).subject).toBe('T:U');
    expect(readIdentity(resolved, { token: { team: { id: 'T' } } }).subject).toBeNull();
  });

  it('is nobody where nothing is configured', () => {
    expect(identityRequest(custom(), 'cnry_at')).toBeNull();
    expect(readIdentity(custom(), { token: { id: 1 } }).subject).toBeNull();
  });

  it.each([true, false, '', '  \n', null, {}])('is nobody where the mapping meets %j', (id) => {
    const resolved = custom({ provider_settings: { identity: { subject: ['token#/id'] } } });
    expect(readIdentity(resolved, { token: { id } }).subject).toBeNull();
  });

  it('of an OpenID provider needs no call with an ID token, and userinfo without', () => {
    const resolved = openid({}, { userinfo_endpoint: 'https://idp.example/me' });
    expect(identityRequest(resolved, 'cnry_at')).toBeNull();
    expect(identityRequest(resolved, 'cnry_at', { id_token: { sub: 's', email: 'a@x.example' } })).toBeNull();
    expect(identityRequest(resolved, 'cnry_at', { id_token: { sub: 's' } })).not.toBeNull();
    expect(identityRequest(resolved, 'cnry_at', { token: {} })).toMatchObject({ url: 'https://idp.example/me' });
  });

  it('is refused if userinfo is about somebody else than the ID token', () => {
    expect(() => readIdentity(openid(), { id_token: { sub: 'a' }, userinfo: { sub: 'b' } })).toThrow(
      expect.objectContaining({ fault: 'subject' }),
    );
  });

  it('is refused if the ID token does not claim what the entry demands', () => {
    const resolved = openid({ provider_settings: { identity: { requireClaims: { '/hd': 'corp.example' } } } });
    expect(readIdentity(resolved, { id_token: { sub: 'a', hd: 'corp.example' } }).subject).toBe('a');
    for (const claims of [{ hd: 'other.example' }, {}])
      expect(() => readIdentity(resolved, { id_token: { sub: 'a', ...claims } })).toThrow(
        expect.objectContaining({ fault: 'claims' }),
      );
  });

  it.each([
    [200, { id: 1 }, { outcome: 'document', document: { id: 1 } }],
    [200, '<html>', { outcome: 'error', class: 'malformed' }],
    [302, '', { outcome: 'error', class: 'malformed' }],
    [401, '', { outcome: 'error', class: 'reconnect' }],
    [503, '', { outcome: 'error', class: 'retry' }],
  ])('answered with %s %j is %j', (status, body, expected) => {
    expect(readIdentityAnswer(custom(), answer(status, body), NOW)).toMatchObject(expected);
  });
});
