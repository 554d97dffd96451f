import { custom, openid } from '../test/connection.js';
import { Catalogue } from './catalogue.js';
import { isOneResource, missingScopes, permissionScopes, scopesBeyond, unknownPermissions } from './scopes.js';

const google = Catalogue.shipped().providers.get('google-oauth2')!.entry;

describe('scopes', () => {
  it('of permission booleans come in the order of the entry, after those that are written', () => {
    const options = { contacts: true, calendar: true, gmail: false, orkut: true, pkce_enabled: true };
    const url = 'https://www.googleapis.com/auth';
    expect(permissionScopes(google, options)).toEqual([`${url}/calendar`, `${url}/contacts`]);
    expect(unknownPermissions(google, options)).toEqual(['orkut']);
    const resolved = Catalogue.shipped().resolve({
      connectionId: 'con_1',
      name: 'x',
      strategy: 'google-oauth2',
      options: { client_id: 'ours', scope: 'a b', freeform_scopes: ['c', 'a'], calendar: true },
      metadata: null,
    });
    expect(resolved.scopes).toEqual(['a', 'b', 'c', 'https://www.googleapis.com/auth/calendar']);
  });

  it.each([
    [['root'], ['leaf', 'branch'], []],
    [['ROOT'], ['leaf'], []],
    [['other-leaf'], ['leaf'], []],
    [['branch'], ['root'], ['root']],
    [['leaf'], ['branch', 'x', 'openid', 'offline_access'], ['branch', 'x']],
    [[], ['x'], []],
  ])('granted as %j leave of %j missing %j', (granted, wanted, missing) => {
    const scopes = [
      { value: 'root', label: 'Everything', includes: ['branch'] },
      { value: 'branch', label: 'Some of it', includes: ['leaf'] },
      { value: 'leaf', label: 'A part', same: ['other-leaf'], includes: ['root-less'] },
      { value: 'openid', label: 'Who you are', includes: ['x'] },
    ];
    expect(missingScopes(openid({ provider_settings: { scopes } }), wanted, granted)).toEqual(missing);
  });

  it('do not miss what a cycle of inclusions would never end with', () => {
    const scopes = [
      { value: 'aaa', label: 'One way', includes: ['bbb'] },
      { value: 'bbb', label: 'The other', includes: ['aaa'] },
    ];
    expect(missingScopes(custom({ provider_settings: { scopes } }), ['aaa', 'bbb', 'ccc'], ['bbb'])).toEqual(['ccc']);
  });

  it.each([
    [['OPENID', 'email', 'offline_access'], []],
    [
      ['email', 'x', 'x', 'profile'],
      ['x', 'profile'],
    ],
    [['https://mail.example/email'], []],
    [['mail'], ['mail']],
  ])('%j are beyond what others cover: %j', (scopes, beyond) => {
    const entries = [
      { value: 'email', label: 'Your address', same: ['https://mail.example/email'] },
      { value: 'mail', label: 'All your mail', includes: ['email'] },
    ];
    const provider = openid({ provider_settings: { scopes: entries } });
    expect(scopesBeyond(provider, scopes, ['openid', 'https://mail.example/email'])).toEqual(beyond);
    expect(scopesBeyond(provider, scopes, ['openid', 'mail'])).toEqual(beyond.filter((scope) => scope !== 'mail'));
  });

  it.each([
    [['openid', 'User.Read'], true],
    [['https://graph.microsoft.com/A', 'https://graph.microsoft.com/B', 'openid'], true],
    [['https://graph.microsoft.com/A', 'https://other.example/B'], false],
    [['api://one/A', 'api://two/A'], false],
  ])('%j are of one resource: %s', (scopes, isOne) => {
    expect(isOneResource(scopes)).toBe(isOne);
  });
});
