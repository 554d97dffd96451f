import { changedConnection } from './changed-connection.js';
import type { Connection } from './connections.queries.js';
import { newConnection } from './new-connection.js';

const form = (fields: Record<string, string | string[]>): FormData => {
  const values = new FormData();
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) values.append(name, one);
  return values;
};

describe('a new connection', () => {
  it('is for connecting accounts alone, and leaves out what was left empty', () => {
    const asked = {
      name: ' box ',
      display_name: '',
      client_id: 'app',
      client_secret: '',
      scopes: '',
      'setting:host': '',
    };
    expect(newConnection('box', form(asked))).toEqual({
      ...{ name: 'box', strategy: 'box', authentication: { active: false }, connected_accounts: { active: true } },
      options: { client_id: 'app' },
    });
  });

  it('asks once for each permission, ticked or typed, and has the settings of its provider', () => {
    const asked = {
      name: 'okta',
      permission: ['openid', 'email'],
      scopes: 'email\n groups',
      'setting:domain': 'a.example',
    };
    expect(newConnection('okta', form(asked)).options).toEqual({ scope: 'openid email groups', domain: 'a.example' });
  });

  it('of a described provider that names nobody takes accounts without an id', () => {
    const asked = {
      name: 'own',
      authorizationURL: 'https://p.example/a',
      tokenURL: 'https://p.example/t',
      user_id: 'sub',
    };
    expect(newConnection('oauth2', form(asked))).toMatchObject({
      connected_accounts: { active: true, allow_missing_user_id: true },
      options: { useOauthSpecScope: false },
    });
    const named = { ...asked, userInfoURL: 'https://p.example/me', spaces: 'on' };
    expect(newConnection('oauth2', form(named))).toMatchObject({
      connected_accounts: { active: true },
      options: { useOauthSpecScope: true, fieldsMap: { user_id: 'sub' } },
    });
  });
});

describe('a changed connection', () => {
  const connection: Connection = {
    ...{ id: 'con_1', name: 'box', strategy: 'box', display_name: 'Box', enabled_clients: [] },
    ...{ authentication: { active: false }, connected_accounts: { active: true } },
    options: { client_id: 'app', client_secret: '********', scope: 'a b', allowed_scopes: ['a'], keep_fresh: true },
  };

  it('keeps every option that the form does not have, and the secret by its mask', () => {
    const values = form({ display_name: 'Box', vault: 'on', scope: 'a\nc', client_id: 'app', client_secret: '' });
    expect(changedConnection(connection, values).options).toEqual({
      ...{ client_id: 'app', client_secret: '********', scope: 'a c', keep_fresh: true },
    });
  });

  it('brings a new secret, and takes a name away that was emptied', () => {
    const values = form({ display_name: ' ', client_id: 'app', client_secret: 'cnry_new', revoke_on_delete: 'on' });
    expect(changedConnection(connection, values)).toMatchObject({
      ...{ display_name: null, connected_accounts: { active: false } },
      options: { client_secret: 'cnry_new', revoke_on_delete: true },
    });
  });
});
