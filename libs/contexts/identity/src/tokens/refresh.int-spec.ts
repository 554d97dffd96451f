import { decodeJwt } from 'jose';
import { type AuthorizationApp, ROTATING, startIdentity } from '../../test/authorization-app.js';

describe('one refresh token for several APIs', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  let me: string;
  const email = 'someone@example.com';

  beforeAll(async () => {
    identity = await startIdentity();
    me = `${identity.origin}/me/`;
    client = await identity.client();
    await identity.userGrant(client);
    await identity.person(email);
    await identity.api('things');
  });
  afterAll(() => identity?.stop());

  it('GR-01 reaches My Account, with all scopes of the policy and those of OpenID', async () => {
    const { refresh_token } = await identity.tokens(email, client);
    const scope = 'openid profile offline_access create:me:connected_accounts read:me:connected_accounts';
    const { status, body } = await identity.refresh(client, refresh_token, { audience: me, scope });
    expect(status).toBe(200);
    expect(body['token_type']).toBe('Bearer');
    expect((body['scope'] as string).split(' ').sort()).toEqual(scope.split(' ').sort());
    expect(decodeJwt(body['access_token'] as string).aud).toEqual([me, `${identity.origin}/userinfo`]);
    expect(decodeJwt(body['id_token'] as string).aud).toBe(client.client_id);
    expect(body['refresh_token']).toBeUndefined();
    const again = await identity.refresh(client, refresh_token, { audience: me });
    expect(again.body['scope']).toContain('create:me:connected_accounts');
  });

  it('keeps grant and session of the sign-in in what a refresh gives', async () => {
    const first = await identity.tokens(email, client, {
      audience: 'things',
      scope: 'openid offline_access read:things',
    });
    const { body } = await identity.refresh(client, first.refresh_token);
    const [before, after] = [decodeJwt(first.access_token), decodeJwt(body['access_token'] as string)];
    expect([after['gid'], after['sid'], after.sub]).toEqual([before['gid'], before['sid'], before.sub]);
    expect(after.aud).toEqual(['things', `${identity.origin}/userinfo`]);
    expect(after['scope']).toContain('read:things');
    expect(after['scope']).not.toContain('write:things');
  });

  it('GR-02 and ID-12 give no token for an API without a policy, nor for one that is unknown', async () => {
    const { refresh_token } = await identity.tokens(email, client);
    for (const audience of ['things', 'https://nowhere.example', `${identity.origin}/api/v2/`]) {
      const { status, body } = await identity.refresh(client, refresh_token, { audience });
      expect([status, body['error'], body['access_token']]).toEqual([400, 'invalid_target', undefined]);
    }
  });

  it('GR-03 drops what the policy does not allow, and never reaches the Management API', async () => {
    const policies = [
      { audience: me, scope: ['read:me:connected_accounts'] },
      { audience: `${identity.origin}/api/v2/`, scope: ['read:users'] },
    ];
    const narrow = await identity.client({
      refresh_token: { rotation_type: 'non-rotating', expiration_type: 'non-expiring', policies },
    });
    await identity.userGrant(narrow);
    const { refresh_token } = await identity.tokens(email, narrow);
    const scope = 'read:me:connected_accounts delete:me:connected_accounts';
    const { status, body } = await identity.refresh(narrow, refresh_token, { audience: me, scope });
    expect([status, body['scope']]).toEqual([200, 'read:me:connected_accounts']);
    const management = await identity.refresh(narrow, refresh_token, { audience: `${identity.origin}/api/v2/` });
    expect(management.body['error']).toBe('invalid_target');
  });

  it('GR-04 wants a grant of type user where the API does; one of type client is another thing', async () => {
    const other = await identity.client();
    await identity.manage('POST', '/client-grants', {
      ...{ client_id: other.client_id, audience: me, scope: ['read:me:connected_accounts'], subject_type: 'client' },
    });
    const { refresh_token } = await identity.tokens(email, other);
    expect((await identity.refresh(other, refresh_token, { audience: me })).body['error']).toBe('invalid_target');
    expect((await identity.userGrant(other)).status).toBe(201);
    expect((await identity.refresh(other, refresh_token, { audience: me })).status).toBe(200);
  });

  it('refuses a third-party client another API', async () => {
    const third = await identity.client({ is_first_party: false });
    await identity.userGrant(third);
    const { refresh_token } = await identity.tokens(email, third);
    expect((await identity.refresh(third, refresh_token, { audience: me })).body['error']).toBe('invalid_target');
  });

  it('says what the libraries look for when the token is missing, unknown or another\u2019s', async () => {
    const { refresh_token } = await identity.tokens(email, client);
    const missing = await identity.refresh(client, '');
    expect([missing.status, missing.body['error_description']]).toEqual([400, 'Missing Refresh Token']);
    const unknown = await identity.refresh(client, 'cnry_unknown');
    expect([unknown.status, unknown.body['error']]).toEqual([403, 'invalid_grant']);
    expect(unknown.body['error_description']).toBe('Unknown or invalid refresh token.');
    expect(unknown.body['error_details']).toEqual({ reason: 'subject_invalid' });
    const foreign = await identity.refresh(await identity.client(), refresh_token);
    expect([foreign.status, foreign.body['error']]).toEqual([403, 'invalid_grant']);
    expect((await identity.refresh(client, refresh_token)).status).toBe(200);
  });

  it('refuses a blocked person from the answer of the blocking on', async () => {
    const { user_id } = await identity.person('blocked@example.com');
    const { refresh_token } = await identity.tokens('blocked@example.com', client);
    await identity.manage('PATCH', `/users/${encodeURIComponent(user_id)}`, { blocked: true });
    expect((await identity.refresh(client, refresh_token)).status).toBe(403);
  });

  it('GR-06 and ID-21 end a grant by its refresh token, and nothing by anything else', async () => {
    const one = await identity.tokens(email, client);
    const two = await identity.tokens(email, client);
    const { client_id, client_secret } = client;
    const credentials = { client_id, client_secret };
    const stranger = await identity.client();
    for (const answer of [
      await identity.post('/oauth/revoke', { ...credentials, token: 'cnry_unknown' }),
      await identity.post('/oauth/revoke', { ...stranger, token: one.refresh_token }),
      await identity.json('/oauth/revoke', { ...credentials, token: one.access_token }),
    ])
      expect([answer.status, answer.text]).toEqual([200, '']);
    expect((await identity.refresh(client, one.refresh_token)).status).toBe(200);
    const revoked = await identity.json('/oauth/revoke', { ...credentials, token: one.refresh_token });
    expect([revoked.status, revoked.text]).toEqual([200, '']);
    expect((await identity.refresh(client, one.refresh_token)).status).toBe(403);
    expect((await identity.refresh(client, two.refresh_token)).status).toBe(200);
    const wrong = await identity.post('/oauth/revoke', { client_id, client_secret: 'cnry_wrong', token: 'x' });
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, null]);
  });

  it('ID-13 gives a successor once; the token that was replaced ends the grant', async () => {
    const rotator = await identity.client(ROTATING);
    const { refresh_token } = await identity.tokens(email, rotator);
    const first = await identity.refresh(rotator, refresh_token);
    const successor = first.body['refresh_token'] as string;
    expect(first.status).toBe(200);
    expect(successor).toHaveLength(43);
    expect((await identity.refresh(rotator, successor)).status).toBe(200);
    expect((await identity.refresh(rotator, refresh_token)).status).toBe(403);
    expect((await identity.refresh(rotator, successor)).status).toBe(403);
  });

  it('ID-13 gives the same successor within the leeway, until somebody has used it', async () => {
    const { refresh_token: settings } = ROTATING;
    const rotator = await identity.client({ refresh_token: { ...settings, leeway: 30 } });
    const { refresh_token } = await identity.tokens(email, rotator);
    const answers = await Promise.all(Array.from({ length: 20 }, () => identity.refresh(rotator, refresh_token)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    const successors = new Set(answers.map(({ body }) => body['refresh_token'] as string));
    expect(successors.size).toBe(1);
    const [successor] = [...successors];
    expect((await identity.refresh(rotator, successor!)).status).toBe(200);
    expect((await identity.refresh(rotator, refresh_token)).status).toBe(403);
  });

  it('GR-10 lets one of 50 use a rotating token without leeway', async () => {
    const rotator = await identity.client(ROTATING);
    for (let round = 0; round < 3; round++) {
      const { refresh_token } = await identity.tokens(email, rotator);
      const answers = await Promise.all(Array.from({ length: 50 }, () => identity.refresh(rotator, refresh_token)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
      expect(statuses.filter((status) => status !== 200 && status !== 403)).toEqual([]);
    }
  });
});
