import { newApplication } from './new-application.js';

const ME = 'https://vault.example/me/';
const form = (fields: Record<string, string>): FormData => {
  const values = new FormData();
  for (const [name, value] of Object.entries(fields)) values.append(name, value);
  return values;
};

describe('a new application', () => {
  it('that signs people in may connect their accounts, and keeps a secret if it has a server', () => {
    const values = form({ name: 'a', callbacks: 'https://a.example/1\nhttps://a.example/2', web_origins: '' });
    const grants = [{ audience: ME, subject_type: 'user' }];
    expect(newApplication('web', values, ME)).toMatchObject({
      client: {
        callbacks: ['https://a.example/1', 'https://a.example/2'],
        refresh_token: { policies: [{ audience: ME }] },
      },
      grants,
    });
    expect(newApplication('spa', values, ME)).toMatchObject({ client: { token_endpoint_auth_method: 'none' }, grants });
  });

  it('of an API brings the API along only where that is ticked', () => {
    const asked = { name: 'a', api: 'https://api.example/' };
    expect(newApplication('api', form(asked), ME).api).toBeUndefined();
    expect(newApplication('api', form({ ...asked, new_api: 'on' }), ME).api?.identifier).toBe(asked.api);
  });

  it('that is a worker has one connection in a line, with its scopes', () => {
    const asked = {
      name: 'a',
      key: 'PEM',
      addresses: '192.0.2.0/24',
      worker_grants: 'box read write\n\n github repo\n',
    };
    expect(newApplication('worker', form(asked), ME).client['token_vault_privileged_access']).toEqual({
      credentials: [{ credential_type: 'public_key', alg: 'RS256', pem: 'PEM' }],
      ip_allowlist: ['192.0.2.0/24'],
      grants: [
        { connection: 'box', scopes: ['read', 'write'] },
        { connection: 'github', scopes: ['repo'] },
      ],
    });
  });
});
