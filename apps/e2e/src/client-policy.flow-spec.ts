import { createClient, enable, Installation, type Json, Scene } from './driver/index.js';

interface Answered {
  ok: boolean;
  checks: { name: string; ok: boolean; remedy: string | null }[];
}

describe('a client kept in bounds', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  beforeAll(async () => {
    scene = await Scene.create(installation, { provider: { accessTokenSeconds: 601 } });
    await scene.connect();
  });
  afterAll(() => installation.close());

  const change = (changes: Json) => installation.manage('PATCH', `/clients/${scene.client.id}`, changes);
  const bound = (vault_policy: Json | null) => change({ vault_policy });
  const refused = async (more: Record<string, string> = {}) => {
    const { status, json } = await scene.exchange(more);
    const { reason } = (json['error_details'] ?? {}) as { reason?: string };
    return [status, json['error'], reason];
  };
  const FORBIDDEN = [403, 'access_denied', 'client_policy'];

  it('AD-08 is refused beyond its policy from the answer to the change on, and let through when it is taken away', async () => {
    const { name } = scene.connection;
    for (let round = 0; round < 3; round += 1) {
      expect((await scene.exchange()).status).toBe(200);
      await bound({ connections: ['another'] });
      expect(await refused()).toEqual(FORBIDDEN);
      await bound({ connections: [name], scopes: ['read', 'write'], expires_at: '2999-01-01T00:00:00Z' });
      expect((await scene.exchange({ scope: 'read write' })).status).toBe(200);
      await bound({ connections: [name], expires_at: '2020-01-01T00:00:00Z' });
      expect(await refused()).toEqual(FORBIDDEN);
      await bound({ scopes: ['write'] });
      expect(await refused({ scope: 'read' })).toEqual(FORBIDDEN);
      expect(await refused()).toEqual(FORBIDDEN); // the token can do more, and its provider cannot narrow it
      await bound(null);
    }
  });

  it('AD-08 exchanges as often as its policy says, and another client of the person as often as it likes', async () => {
    const other = await createClient(installation);
    await enable(installation, scene.connection.id, [other]);
    const beside = await Scene.of(installation, other, scene.connection, scene.person);
    await bound({ exchanges_per_minute: 4 });
    const answers = [];
    for (let times = 0; times < 5; times += 1) answers.push(await scene.exchange());
    const told = answers.map(({ status, text }) => (status === 503 ? text : status));
    expect(told).toEqual([200, 200, 200, 200, 429]);
    expect(answers.map(({ headers }) => headers['x-ratelimit-remaining'])).toEqual(['3', '2', '1', '0', '0']);
    const { headers, json } = answers.at(-1)!;
    const wait = Number(headers['retry-after']);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(json).toMatchObject({
      ...{ error: 'too_many_requests', error_details: { reason: 'rate_limited', retry_after: wait } },
    });
    const unlimited = await Promise.all(Array.from({ length: 20 }, () => beside.exchange()));
    expect(new Set(unlimited.map(({ status }) => status))).toEqual(new Set([200]));
    await bound(null);
    expect((await scene.exchange()).status).toBe(200);
  });

  it('AD-06 is told which of its rules is broken, and no other', async () => {
    const { client, connection } = scene;
    const check = (clientId = client.id): Promise<Answered> => {
      const asked = new URLSearchParams({ client_id: clientId, connection: connection.name });
      return installation.manage<Answered>('GET', `/token-vault/check?${asked.toString()}`);
    };
    const failing = async () => {
      const { ok, checks } = await check();
      const wrong = checks.filter((one) => !one.ok);
      expect(ok).toBe(wrong.length === 0);
      for (const { remedy } of wrong) expect(remedy).toMatch(/\w/);
      return wrong.map(({ name }) => name);
    };
    expect(await failing()).toEqual([]);
    const before = await installation.manage('GET', `/clients/${client.id}`);
    const { grant_types, refresh_token } = before as { grant_types: string[]; refresh_token: Json };
    const ofClient: [string, Json, Json][] = [
      ['client_grant_type', { grant_types: ['authorization_code', 'refresh_token'] }, { grant_types }],
      ['client_refresh_grant', { grant_types: grant_types.filter((one) => one !== 'refresh_token') }, { grant_types }],
      ['client_first_party', { is_first_party: false }, { is_first_party: true }],
      ['client_oidc_conformant', { oidc_conformant: false }, { oidc_conformant: true }],
      ['client_callbacks', { callbacks: [] }, { callbacks: [client.callback] }],
      ['policy_connections', { vault_policy: { connections: [] } }, { vault_policy: null }],
      ['policy_end', { vault_policy: { expires_at: '2020-01-01T00:00:00Z' } }, { vault_policy: null }],
      [
        'client_rotation',
        { refresh_token: { ...refresh_token, rotation_type: 'rotating', expiration_type: 'expiring' } },
        { refresh_token },
      ],
      ['client_my_account_tokens', { refresh_token: { ...refresh_token, policies: [] } }, { refresh_token }],
      [
        'client_confidential',
        { token_endpoint_auth_method: 'none' },
        { token_endpoint_auth_method: 'client_secret_post' },
      ],
    ];
    for (const [name, broken, whole] of ofClient) {
      await change(broken);
      expect(await failing()).toEqual([name]);
      await change(whole);
    }
    await enable(installation, connection.id, [client], false);
    expect(await failing()).toEqual(['connection_enabled']);
    await enable(installation, connection.id, [client]);
    expect(await failing()).toEqual([]);
    expect((await scene.exchange()).status).toBe(200);
  });
});
