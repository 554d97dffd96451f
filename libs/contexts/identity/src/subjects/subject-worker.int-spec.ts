import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { SubjectRequest } from '@strongroom/contracts';
import type { VaultError } from '@strongroom/errors';
import { importPKCS8, SignJWT } from 'jose';
import { type AuthorizationApp, startIdentity } from '../../test/authorization-app.js';

const keyPair = () =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
const KEY = keyPair();
const ADDRESS = '192.0.2.7';
const GRANTS = [{ connection: 'acme', scopes: ['read'] }];
const credential = (pem: string, kid?: string) => ({
  ...{ credential_type: 'public_key', alg: 'RS256', pem },
  ...(kid === undefined ? {} : { kid }),
});
const access = (more: Record<string, unknown> = {}) => ({
  credentials: [credential(KEY.publicKey)],
  ip_allowlist: [ADDRESS, '2001:db8::/32'],
  grants: GRANTS,
  ...more,
});

describe('a privileged worker as the subject of an exchange', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  let userId: string;

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client({ token_vault_privileged_access: access() });
    userId = (await identity.person('someone@example.com')).user_id;
  });
  afterAll(() => identity?.stop());

  const now = () => Math.floor(Date.now() / 1000);
  /** What is undefined is left out. */
  const signed = async (
    claims: Record<string, unknown> = {},
    header: Record<string, unknown> = {},
    privateKey = KEY.privateKey,
  ): Promise<string> => {
    const payload = { ...{ sub: userId, aud: `${identity.origin}/`, iss: client.client_id, iat: now() + 1 } };
    const all = { ...payload, jti: randomUUID(), audit_context: 'nightly report', ...claims };
    const alg = (header['alg'] as string | undefined) ?? 'RS256';
    return new SignJWT(JSON.parse(JSON.stringify(all)) as Record<string, unknown>)
      .setProtectedHeader({ alg, typ: 'token-vault-req+jwt', ...header })
      .sign(await importPKCS8(privateKey, alg));
  };
  const asked = (token: string, more: Partial<SubjectRequest> = {}, by = client) =>
    identity.subjects.validate(identity.subject(token, by, { subjectTokenType: 'jwt', ip: ADDRESS, ...more }));
  const refusal = (answer: Promise<unknown>) =>
    answer.then(
      () => Promise.reject(new Error('was not refused')),
      ({ status, code, details, message }: VaultError) => ({ status, code, reason: details?.['reason'], message }),
    );
  const invalid = { status: 400, code: 'invalid_request', reason: 'worker_jwt_invalid' };
  const untrue = { status: 401, code: 'invalid_grant', reason: 'worker_jwt_invalid' };
  const stale = { ...untrue, reason: 'worker_jwt_stale' };

  it('PW-01 says for whom, what for, and what the client may have; iss names a client that nothing else names', async () => {
    const subject = await asked(await signed());
    expect(subject).toEqual({
      ...{ personId: expect.any(String) as string, userId, clientId: client.client_id },
      worker: { auditContext: 'nightly report', grants: GRANTS },
    });
    expect(await asked(await signed(), { clientId: null })).toEqual(subject);
    expect(await refusal(asked(await signed(), { clientId: null, clientSecret: 'cnry_wrong' }))).toMatchObject({
      ...{ status: 401, code: 'invalid_client', reason: undefined },
    });
    for (const auditContext of ['x'.repeat(256), '🛰'.repeat(256)])
      expect(await asked(await signed({ aud: ['other', `${identity.origin}/`], audit_context: auditContext }))).toEqual(
        { ...subject, worker: { auditContext, grants: GRANTS } },
      );
  });

  it('PW-02 names what is missing or wrong in the request', async () => {
    const header = { alg: 'RS256', typ: 'token-vault-req+jwt', crit: ['b64'], b64: false };
    const extended = Buffer.from(JSON.stringify(header)).toString('base64url');
    for (const [token, said] of [
      [await signed({}, { typ: 'JWT' }), 'typ'],
      [await signed({}, { typ: 'TOKEN-VAULT-REQ+JWT' }), 'typ'],
      [await signed({}, { alg: 'PS256' }), 'alg'],
      [`${extended}.${(await signed()).split('.').slice(1).join('.')}`, 'crit'],
      [await signed({ audit_context: undefined }), 'audit_context'],
      [await signed({ audit_context: '' }), 'audit_context'],
      [await signed({ audit_context: 'x'.repeat(257) }), 'audit_context'],
      [await signed({ audit_context: '🛰'.repeat(257) }), 'audit_context'],
      [await signed({ audit_context: 'a\0b' }), 'audit_context'],
      [await signed({ audit_context: '\ud800' }), 'audit_context'],
      [await signed({ jti: undefined }), 'jti'],
      [await signed({ jti: 7 }), 'jti'],
      [await signed({ iat: undefined }), 'iat'],
      [await signed({ iat: 'today' }), 'iat'],
      [await signed({ sub: undefined }), 'sub'],
      [await signed({ sub: 'a\0b' }), 'sub'],
      [await signed({ aud: undefined }), 'aud'],
      [await signed({ iss: undefined }), 'iss'],
      [await signed({ org_id: 'org_1' }), 'org_id'],
      ['cnry_not_a_jwt', 'cannot be read'],
    ] as const) {
      const answer = await refusal(asked(token));
      expect([said, answer]).toEqual([said, { ...invalid, message: expect.stringContaining(said) as string }]);
    }
  });

  it('refuses another signer, another client and another server', async () => {
    const other = await identity.client({ token_vault_privileged_access: access() });
    for (const refused of [
      asked(await signed({}, {}, keyPair().privateKey)),
      asked(await signed({ iss: 'somebody' })),
      asked(await signed(), {}, other),
      asked(await signed({ aud: 'https://elsewhere.example/' })),
      asked(await signed({ aud: identity.origin })),
    ])
      expect(await refusal(refused)).toMatchObject(untrue);
    const without = await identity.client();
    expect(await refusal(asked(await signed({ iss: without.client_id }), {}, without))).toMatchObject(untrue);
  });

  it('PW-03 counts by its age, whatever it says about its end', async () => {
    for (const claims of [
      { iat: now() - 61, exp: now() + 600 },
      { iat: now() + 35 },
      { exp: now() - 1 },
      { nbf: now() + 35 },
    ])
      expect(await refusal(asked(await signed(claims)))).toMatchObject(stale);
    expect(await asked(await signed({ exp: now() + 5, nbf: now() - 5 }))).toMatchObject({ userId });
  });

  it('PW-03 takes one of twenty that come with the same jti at once, and none afterwards', async () => {
    const token = await signed();
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => asked(token)));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await refusal(asked(token))).toMatchObject({ ...untrue, reason: 'worker_jwt_replayed' });
  });

  it('PW-04 and PW-05 want an address of the list, and refuse with an empty one', async () => {
    const address = { status: 403, code: 'access_denied', reason: 'worker_address' };
    expect(await asked(await signed(), { ip: '2001:db8:7::1' })).toMatchObject({ userId });
    for (const ip of ['192.0.2.8', '2001:db9::1', null])
      expect(await refusal(asked(await signed(), { ip }))).toMatchObject(address);
    const empty = await identity.client({ token_vault_privileged_access: access({ ip_allowlist: [] }) });
    expect(await refusal(asked(await signed({ iss: empty.client_id }), {}, empty))).toMatchObject(address);
    const token = await signed(); // what came from elsewhere is not used up
    await refusal(asked(token, { ip: '192.0.2.8' }));
    expect(await asked(token)).toMatchObject({ userId });
  });

  it('wants kid where the client has several keys, and the key that it names', async () => {
    const second = keyPair();
    const two = await identity.client({
      token_vault_privileged_access: access({
        credentials: [credential(KEY.publicKey, 'the-first-key'), credential(second.publicKey, 'the-second-key')],
      }),
    });
    const by = (header: Record<string, unknown>) => signed({ iss: two.client_id }, header, second.privateKey);
    expect(await asked(await by({ kid: 'the-second-key' }), {}, two)).toMatchObject({ userId });
    expect(await refusal(asked(await by({ kid: 'the-first-key' }), {}, two))).toMatchObject(untrue);
    const unnamed = await refusal(asked(await by({}), {}, two));
    expect(unnamed).toMatchObject({ ...invalid, message: expect.stringContaining('kid') as string });
  });

  it('refuses nobody, the blocked, and everybody while the tenant asks for a second factor', async () => {
    expect(await refusal(asked(await signed({ sub: 'auth0|nobody' })))).toMatchObject({
      ...{ status: 401, code: 'invalid_grant', reason: 'subject_invalid' },
    });
    const { user_id: blocked } = await identity.person('blocked@example.com');
    await identity.manage('PATCH', `/users/${encodeURIComponent(blocked)}`, { blocked: true });
    expect(await refusal(asked(await signed({ sub: blocked })))).toMatchObject({ status: 403, reason: 'user_blocked' });
    const policies = (list: string[]) =>
      identity.database.query('update tenant_settings set mfa_policies = $1', [JSON.stringify(list)]);
    await policies(['all-applications']);
    expect(await refusal(asked(await signed()))).toMatchObject({ status: 401, code: 'mfa_required' });
    await policies([]);
    expect(await asked(await signed())).toMatchObject({ userId });
  });
});
