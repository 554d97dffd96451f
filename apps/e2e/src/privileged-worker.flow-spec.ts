import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { eventually, Installation, Scene, vaultForm } from './driver/index.js';

const JWT = 'urn:ietf:params:oauth:token-type:jwt';
const LOOPBACK = ['127.0.0.1', '::1'];

describe('a privileged worker', () => {
  const installation = Installation.fromEnvironment();
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  let scene: Scene;
  let keys: unknown;

  beforeAll(async () => {
    scene = await Scene.create(installation);
    await scene.connect();
    const access = await allow({ credentials: [{ credential_type: 'public_key', alg: 'RS256', pem }] });
    keys = access['credentials'];
  });
  afterAll(() => installation.close());

  const allow = async (more: Record<string, unknown> = {}): Promise<Record<string, unknown>> => {
    const grants = [{ connection: scene.connection.name, scopes: ['read', 'write'] }];
    const member = { credentials: keys, ip_allowlist: LOOPBACK, grants, ...more };
    const body = { token_vault_privileged_access: member };
    const saved = await installation.manage('PATCH', `/clients/${scene.client.id}`, body);
    return saved['token_vault_privileged_access'] as Record<string, unknown>;
  };
  const signed = (context: string | undefined = randomUUID(), typ = 'token-vault-req+jwt') =>
    new SignJWT(context === '' ? {} : { audit_context: context })
      .setProtectedHeader({ alg: 'RS256', typ })
      .setSubject(scene.person.userId)
      .setIssuer(scene.client.id)
      .setAudience(`${installation.url}/`)
      .setIssuedAt(Math.floor(Date.now() / 1000))
      .setJti(randomUUID())
      .sign(privateKey);
  const asked = async (token: string, more: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    installation.token(
      {
        ...vaultForm(scene.connection.name, token, JWT),
        ...{ client_id: scene.client.id, client_secret: scene.client.secret },
        ...more,
      },
      headers,
    );

  it('PW-01 gets the token of a person who is not there, and the log says what for', async () => {
    const context = `nightly report ${randomUUID()}`;
    const answer = await asked(await signed(context));
    expect(answer).toMatchObject({ status: 200, json: { scope: 'read write', token_type: 'Bearer' } });
    expect(await scene.provider.owner(String(answer.json['access_token']))).toBe('person-1');
    const entry = await eventually(
      async () => {
        const own = encodeURIComponent(`client_id:"${scene.client.id}"`);
        const { list } = await installation.management('GET', `/logs?q=${own}`);
        return list.find((one) => JSON.stringify(one).includes(context));
      },
      (found) => found !== undefined,
    );
    expect(entry).toMatchObject({ type: 'seta' });
    expect(JSON.stringify(entry)).toContain('"is_privileged_worker":true');
  });

  it('PW-02 refuses a request that is no such request, or does not say what for', async () => {
    for (const request of [signed(undefined, 'JWT'), signed(''), signed('x'.repeat(257))]) {
      const answer = await asked(await request);
      expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_request']);
    }
  });

  it('PW-03 lets one of ten through that bring the same jti at once', async () => {
    const token = await signed();
    const answers = await Promise.all(Array.from({ length: 10 }, () => asked(token)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('PW-04 PW-05 and PW-06 refuse what is not listed, and believe no forwarded address', async () => {
    const refused = async (more: Record<string, string> = {}, headers: Record<string, string> = {}) => {
      const { status, json } = await asked(await signed(), more, headers);
      return [status, json['error'], (json['error_details'] as { reason?: string } | undefined)?.reason];
    };
    expect(await refused({ scope: 'admin' })).toEqual([403, 'access_denied', 'worker_scope']);
    await allow({ grants: [] });
    expect(await refused()).toEqual([403, 'access_denied', 'worker_connection']);
    for (const ip_allowlist of [[], ['192.0.2.7']]) {
      await allow({ ip_allowlist });
      const headers = { 'auth0-forwarded-for': '192.0.2.7' };
      expect(await refused({}, headers)).toEqual([403, 'access_denied', 'worker_address']);
    }
    await allow();
    expect((await asked(await signed())).status).toBe(200);
  });

  it('PW-07 lists no sixth connection, no scope too many and no eleventh address', async () => {
    const grant = { connection: scene.connection.name, scopes: ['read'] };
    const scopes = Array.from({ length: 21 }, (_, n) => `scope-${n}`);
    const addresses = Array.from({ length: 11 }, (_, n) => `192.0.2.${n}`);
    for (const more of [
      { grants: Array.from({ length: 6 }, (_, n) => ({ ...grant, connection: `other-${n}` })) },
      { grants: [{ ...grant, scopes }] },
      { ip_allowlist: addresses },
    ])
      await expect(allow(more)).rejects.toThrow('answered 400');
  });
});
