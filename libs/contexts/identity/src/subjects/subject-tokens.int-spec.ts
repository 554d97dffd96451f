import { generateKeyPairSync, randomInt, randomUUID } from 'node:crypto';
import type { SubjectRequest } from '@strongroom/contracts';
import type { VaultError } from '@strongroom/errors';
import { importPKCS8, SignJWT } from 'jose';
import { type AuthorizationApp, startIdentity, VAULT_GRANT } from '../../test/authorization-app.js';
import { START } from '../../test/registry-app.js';

describe('the subject of an exchange', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  let things: { client_id: string; client_secret: string };
  let userId: string;
  const email = 'someone@example.com';

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client();
    await identity.userGrant(client);
    things = await identity.api('things');
    userId = (await identity.person(email)).user_id;
  });
  afterAll(() => identity?.stop());

  const refusal = async (request: SubjectRequest) => {
    const error = await identity.subjects.validate(request).then(
      () => Promise.reject(new Error('was not refused')),
      (thrown: VaultError) => thrown,
    );
    return { status: error.status, code: error.code, message: error.message, reason: error.details?.['reason'], error };
  };
  const asApi = (token: string, more: Partial<SubjectRequest> = {}) =>
    identity.subject(token, things, { subjectTokenType: 'access_token', ...more });
  const forThings = { audience: 'things', scope: 'openid offline_access read:things' };

  it('EX-01 and EX-13 takes a refresh token and leaves it usable', async () => {
    const { refresh_token } = await identity.tokens(email, client);
    const subject = await identity.subjects.validate(identity.subject(refresh_token, client));
    expect(subject).toEqual({ personId: expect.any(String), userId, clientId: client.client_id });
    expect(await identity.subjects.validate(identity.subject(refresh_token, client))).toEqual(subject);
    expect((await identity.refresh(client, refresh_token)).status).toBe(200);
  });

  it('X9 answers many at once as it would each alone, whoever else is in their group', async () => {
    const others = await Promise.all(['a', 'b', 'c'].map((name) => identity.person(`${name}@many.example.com`)));
    const asked: SubjectRequest[] = [];
    for (const { email: theirs } of [{ email }, ...others]) {
      const { refresh_token } = await identity.tokens(theirs, client);
      asked.push(identity.subject(refresh_token, client), identity.subject(refresh_token, things));
      asked.push(identity.subject(refresh_token, { client_secret: client.client_secret }));
    }
    asked.push(identity.subject('cnry_unknown', client));
    const unreadable = identity.subject('cnry_unknown', { client_id: 'a\0b' });
    const answer = (request: SubjectRequest) =>
      identity.subjects.validate(request).catch(({ code, status, audit }: VaultError) => ({ code, status, audit }));
    const alone: unknown[] = [];
    for (const request of asked) alone.push(await answer(request));
    expect(new Set(alone.map((found) => (found as { userId?: string }).userId)).size).toBe(others.length + 2);
    for (let round = 0; round < 30; round++) {
      const group = Array.from({ length: randomInt(1, 120) }, () => randomInt(asked.length));
      const odd = round === 0 ? answer(unreadable) : null;
      expect(await Promise.all(group.map((place) => answer(asked[place]!)))).toEqual(
        group.map((place) => alone[place]),
      );
      if (odd) expect(await odd).not.toHaveProperty('userId');
    }
  });

  it('EX-04 takes Basic with nothing in the body', async () => {
    const { refresh_token } = await identity.tokens(email, client);
    const authorization = `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`;
    for (const sent of [authorization, authorization.replace('Basic ', 'basic   ')]) {
      const request = identity.subject(refresh_token, {}, { authorization: sent });
      expect((await identity.subjects.validate(request)).clientId).toBe(client.client_id);
    }
  });

  it('EX-05 finds the client by the subject token where nothing names it', async () => {
    const { access_token, refresh_token } = await identity.tokens(email, client, forThings);
    const secret = { client_secret: client.client_secret };
    expect(await identity.subjects.validate(identity.subject(refresh_token, secret))).toMatchObject({ userId });
    const ofApi = identity.subject(
      access_token,
      { client_secret: things.client_secret },
      { subjectTokenType: 'access_token' },
    );
    expect(await identity.subjects.validate(ofApi)).toMatchObject({ userId, clientId: things.client_id });
    for (const wrong of [
      identity.subject(refresh_token, { client_secret: 'cnry_wrong' }),
      identity.subject('cnry_unknown', secret),
      asApi(access_token, { clientId: null, clientSecret: 'cnry_wrong' }),
    ])
      expect(await refusal(wrong)).toMatchObject({ status: 401, code: 'invalid_client', reason: undefined });
  });

  it('EX-06 takes an assertion once, for the issuer or the token endpoint, for five minutes at most', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const byKey = await identity.client({
      token_endpoint_auth_method: null,
      client_authentication_methods: {
        private_key_jwt: { credentials: [{ credential_type: 'public_key', pem: publicKey, alg: 'RS256' }] },
      },
    });
    const key = await importPKCS8(privateKey, 'RS256');
    const assertion = (audience: string, seconds = 120, issuer = byKey.client_id) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'RS256' })
        .setIssuer(issuer)
        .setSubject(issuer)
        .setAudience(audience)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
        .sign(key);
    const proof = (clientAssertion: string) => ({
      client_assertion: clientAssertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    const signed = await identity.authorize(identity.browser(), email, byKey);
    const answer = await identity.token({
      grant_type: 'authorization_code',
      code: signed.params.get('code')!,
      redirect_uri: 'https://app.example.com/callback',
      code_verifier: signed.verifier,
      ...proof(await assertion(`${identity.origin}/`)),
    });
    expect(answer.status).toBe(200);
    const request = (sent: string) =>
      identity.subject(
        answer.body['refresh_token'] as string,
        {},
        {
          clientAssertion: sent,
          clientAssertionType: proof('').client_assertion_type,
        },
      );
    const once = await assertion(`${identity.origin}/`);
    expect(await identity.subjects.validate(request(once))).toMatchObject({ userId });
    expect(await refusal(request(once))).toMatchObject({ status: 401, code: 'invalid_client' });
    const atEndpoint = await assertion(`${identity.origin}/oauth/token`);
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => identity.subjects.validate(request(atEndpoint))),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const bad of [
      await assertion(identity.origin),
      await assertion(`${identity.origin}/`, 3600),
      await assertion(`${identity.origin}/`, -1),
      await assertion(`${identity.origin}/`, 120, client.client_id),
    ])
      expect(await refusal(request(bad))).toMatchObject({ status: 401, code: 'invalid_client' });
  });

  it('EX-07 and EX-20 takes an access token as it was minted, by its API\u2019s own client, in both dialects', async () => {
    const { access_token } = await identity.tokens(email, client, forThings);
    expect(await identity.subjects.validate(asApi(access_token))).toMatchObject({ userId, clientId: things.client_id });
    const own = await identity.api('rfc-things', { token_dialect: 'rfc9068_profile' });
    const { access_token: rfc } = await identity.tokens(email, client, { ...forThings, audience: 'rfc-things' });
    const request = identity.subject(rfc, own, { subjectTokenType: 'access_token' });
    expect(await identity.subjects.validate(request)).toMatchObject({ userId });
  });

  it('X1 takes an access token in no other spelling than the one it was minted in', async () => {
    const { access_token: token } = await identity.tokens(email, client, forThings);
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // Of the last letter only two bits count.
    const sameBytes = token.slice(0, -1) + letters[letters.indexOf(token.at(-1)!) + 1];
    for (const other of [`${token} `, `${token}\n`, ` ${token}`, `${token}==`, token.replace('.', '=.'), sameBytes])
      expect(await refusal(asApi(other))).toMatchObject({ status: 401, code: 'invalid_grant' });
    expect(await identity.subjects.validate(asApi(token))).toMatchObject({ userId });
  });

  it('RE-08 and RE-09 name the setting that keeps a client from exchanging', async () => {
    const refused = async (settings: Record<string, unknown>) => {
      const other = await identity.client(settings);
      const { refresh_token } = await identity.tokens(email, other);
      return refusal(identity.subject(refresh_token, other));
    };
    expect(await refused({ grant_types: ['authorization_code', 'refresh_token'] })).toMatchObject({
      ...{ status: 403, code: 'unauthorized_client', reason: 'client_grant_missing' },
      message: `Grant type '${VAULT_GRANT}' not allowed for the client.`,
    });
    expect(await refused({ is_first_party: false })).toMatchObject({ status: 403, reason: 'client_third_party' });
    expect(await refused({ oidc_conformant: false })).toMatchObject({
      ...{ status: 403, reason: 'client_not_oidc_conformant' },
    });
    const rotation = await refused({ refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring' } });
    expect(rotation).toMatchObject({ status: 403, reason: 'client_rotation_on' });
    expect(rotation.message).toContain('rotation');
  });

  it('AD-01 lets a client with either grant ask in plain RFC 8693, and only one with its own for the vault', async () => {
    const plain = 'urn:ietf:params:oauth:grant-type:token-exchange';
    const asked = async (grant_types: string[], grantType: string) => {
      const other = await identity.client({ grant_types: ['authorization_code', 'refresh_token', ...grant_types] });
      const { refresh_token } = await identity.tokens(email, other);
      return identity.subject(refresh_token, other, { grantType });
    };
    expect(await identity.subjects.validate(await asked([VAULT_GRANT], plain))).toMatchObject({ userId });
    expect(await identity.subjects.validate(await asked([plain], plain))).toMatchObject({ userId });
    for (const [has, wants] of [
      [[plain], VAULT_GRANT],
      [[], plain],
    ] as const)
      expect(await refusal(await asked([...has], wants))).toMatchObject({
        ...{ status: 403, code: 'unauthorized_client', reason: 'client_grant_missing' },
        message: `Grant type '${wants}' not allowed for the client.`,
      });
  });

  it('asks in the order of the contract: proof of the client, its grant, its rules, the token', async () => {
    const bare = ['authorization_code', 'refresh_token'];
    const wrong = { oidc_conformant: false, refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring' } };
    const strange = await identity.client({ ...wrong, is_first_party: false, grant_types: bare });
    const reason = async (of: typeof strange) => (await refusal(identity.subject('cnry_any', of))).reason;
    const unproven = { ...strange, client_secret: 'cnry_wrong' };
    expect(await refusal(identity.subject('cnry_any', unproven))).toMatchObject({ code: 'invalid_client' });
    expect(await reason(strange)).toBe('client_grant_missing');
    expect(await reason(await identity.client({ ...wrong, is_first_party: false }))).toBe('client_third_party');
    expect(await reason(await identity.client(wrong))).toBe('client_not_oidc_conformant');
    expect(await reason(await identity.client({ refresh_token: wrong.refresh_token }))).toBe('client_rotation_on');
    expect(await reason(client)).toBe('subject_invalid');
  });

  it('RE-09 tells a public client no more than a wrong one, and the log why', async () => {
    const spa = await identity.client({ app_type: 'spa', token_endpoint_auth_method: 'none' });
    const { error, ...said } = await refusal(identity.subject('cnry_any', { client_id: spa.client_id }));
    expect(said).toMatchObject({ status: 401, code: 'invalid_client', reason: undefined });
    expect(said.message).toBe('Client authentication failed');
    expect(error.audit).toMatchObject({ reason: 'client_public', clientId: spa.client_id });
  });

  it('RE-10 and RE-13 refuse a wrong secret and another client, and revoke nothing', async () => {
    const { refresh_token } = await identity.tokens(email, client);
    const wrong = { ...client, client_secret: 'cnry_wrong' };
    expect(await refusal(identity.subject(refresh_token, wrong))).toMatchObject({
      status: 401,
      code: 'invalid_client',
    });
    const other = await identity.client();
    expect(await refusal(identity.subject(refresh_token, other))).toMatchObject({
      ...{ status: 403, code: 'invalid_grant', message: 'Unknown or invalid refresh token.' },
      reason: 'subject_invalid',
    });
    expect(await identity.subjects.validate(identity.subject(refresh_token, client))).toMatchObject({ userId });
  });

  it('RE-14 and RE-21 refuse what was revoked, blocked or deleted from the answer on, and say about whom', async () => {
    const fresh = async (name: string) => {
      const { user_id } = await identity.person(name);
      const tokens = await identity.tokens(name, client, forThings);
      const at = `/users/${encodeURIComponent(user_id)}`;
      return { user_id, tokens, at, request: identity.subject(tokens.refresh_token, client) };
    };
    const revoked = await fresh('revoked@example.com');
    await identity.post('/oauth/revoke', { ...client, token: revoked.tokens.refresh_token });
    expect(await refusal(revoked.request)).toMatchObject({ status: 403, code: 'invalid_grant' });
    const secretOnly = identity.subject(revoked.tokens.refresh_token, { client_secret: client.client_secret });
    expect(await refusal(secretOnly)).toMatchObject({ status: 403, reason: 'subject_revoked' });
    expect(await refusal(asApi(revoked.tokens.access_token))).toMatchObject({ status: 401, reason: 'subject_revoked' });

    const blocked = await fresh('blocked@example.com');
    await identity.manage('PATCH', blocked.at, { blocked: true });
    const { error, ...said } = await refusal(blocked.request);
    expect(said).toMatchObject({ status: 403, code: 'invalid_grant', reason: 'user_blocked' });
    expect(said.message).toContain('user is blocked');
    expect(error.audit).toMatchObject({ clientId: client.client_id, userId: blocked.user_id });
    expect(await refusal(asApi(blocked.tokens.access_token))).toMatchObject({ status: 403, reason: 'user_blocked' });
    const refreshed = await identity.refresh(client, blocked.tokens.refresh_token);
    expect(refreshed.body['error_description']).toContain('user is blocked');
    // blocking ended what was given: nothing of it comes back
    await identity.manage('PATCH', blocked.at, { blocked: false });
    expect(await refusal(blocked.request)).toMatchObject({ status: 403, reason: 'subject_revoked' });
    expect(await refusal(asApi(blocked.tokens.access_token))).toMatchObject({ status: 401, reason: 'subject_revoked' });

    const deleted = await fresh('deleted@example.com');
    await identity.manage('DELETE', deleted.at);
    expect(await refusal(deleted.request)).toMatchObject({ status: 403, code: 'invalid_grant' });
    expect(await refusal(asApi(deleted.tokens.access_token))).toMatchObject({ status: 401, reason: 'subject_revoked' });
  });

  it('refuses an ended token of either kind', async () => {
    const { refresh_token } = await identity.tokens(email, client);
    await identity.database.query(
      `update artefacts set expires_at = now() - interval '1 second' where kind = 'RefreshToken'`,
    );
    expect(await refusal(identity.subject(refresh_token, client))).toMatchObject({ reason: 'subject_expired' });
    // The token is looked at before the person (§1.3).
    const blocking = (blocked: boolean) => identity.database.query('update users set blocked = $1', [blocked]);
    await blocking(true);
    expect(await refusal(identity.subject(refresh_token, client))).toMatchObject({ reason: 'subject_expired' });
    await blocking(false);
    const short = await identity.api('short-lived', { token_lifetime: 1 });
    const { access_token } = await identity.tokens(email, client, { ...forThings, audience: 'short-lived' });
    const request = identity.subject(access_token, short, { subjectTokenType: 'access_token' });
    expect(await identity.subjects.validate(request)).toMatchObject({ userId }); // 30 s of leeway
    const { now } = Date;
    Date.now = () => now() + 60_000;
    try {
      expect(await refusal(request)).toMatchObject({ status: 401, code: 'invalid_grant', reason: 'subject_expired' });
    } finally {
      Date.now = now;
    }
  });

  it('RE-20 refuses while the tenant asks everybody for a second factor, for both kinds of subject', async () => {
    const { access_token, refresh_token } = await identity.tokens(email, client, forThings);
    const policies = (list: string[]) =>
      identity.database.query('update tenant_settings set mfa_policies = $1', [JSON.stringify(list)]);
    await policies(['all-applications']);
    const always = { status: 401, code: 'mfa_required', reason: 'mfa_policy_always' };
    expect(await refusal(identity.subject(refresh_token, client))).toMatchObject(always);
    expect(await refusal(asApi(access_token))).toMatchObject(always);
    await policies([]);
    expect(await identity.subjects.validate(identity.subject(refresh_token, client))).toMatchObject({ userId });
  });

  it('RE-15 and RE-16 want the client of the token\u2019s own API', async () => {
    const { access_token } = await identity.tokens(email, client, forThings);
    const other = await identity.api('other-things');
    for (const caller of [other, client])
      expect(await refusal(identity.subject(access_token, caller, { subjectTokenType: 'access_token' }))).toMatchObject(
        {
          ...{ status: 403, code: 'unauthorized_client', reason: 'client_not_api_client' },
        },
      );
  });

  it('RE-17 refuses ID tokens, tokens for our own APIs, machines\u2019 and strangers\u2019 tokens', async () => {
    const { id_token } = await identity.tokens(email, client, forThings);
    const me = await identity.tokens(email, client, {
      ...{ audience: `${identity.origin}/me/`, scope: 'openid read:me:connected_accounts' },
    });
    const { clientId, clientSecret } = START.managementClient;
    const management = await identity.token({
      ...{ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret },
      audience: `${identity.origin}/api/v2/`,
    });
    await identity.manage('POST', '/client-grants', {
      ...{ client_id: client.client_id, audience: 'things', scope: ['read:things'] },
    });
    const machine = await identity.token({ grant_type: 'client_credentials', ...client, audience: 'things' });
    expect(machine.status).toBe(200);
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const foreign = await new SignJWT({ gid: 'x', azp: client.client_id })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuer(`${identity.origin}/`)
      .setSubject(userId)
      .setAudience('things')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(stranger);
    for (const token of [
      id_token,
      me.access_token,
      management.body['access_token'] as string,
      machine.body['access_token'] as string,
      foreign,
      'cnry_no_token',
    ])
      expect(await refusal(asApi(token))).toMatchObject({
        ...{ status: 401, code: 'invalid_grant', reason: 'subject_invalid' },
      });
  });

  it.each([
    ['or while it still rotates', 0, 403],
    ['but not within the leeway', 60, 200],
  ])(
    'a refresh token that was rotated away ends its grant when it comes as a subject, %s',
    async (_, leeway, status) => {
      const refreshing = { rotation_type: 'rotating', expiration_type: 'expiring', leeway };
      const rotator = await identity.client({ refresh_token: refreshing });
      const { refresh_token } = await identity.tokens(email, rotator);
      const successor = (await identity.refresh(rotator, refresh_token)).body['refresh_token'] as string;
      expect(await refusal(identity.subject(refresh_token, rotator))).toMatchObject({ reason: 'client_rotation_on' });
      expect((await identity.refresh(rotator, successor)).status).toBe(status);
    },
  );

  it('a refresh token that was rotated away ends its grant when it comes as a subject', async () => {
    const rotator = await identity.client({
      refresh_token: { rotation_type: 'rotating', expiration_type: 'expiring', token_lifetime: 3600 },
    });
    const { refresh_token } = await identity.tokens(email, rotator);
    const successor = (await identity.refresh(rotator, refresh_token)).body['refresh_token'] as string;
    await identity.manage('PATCH', `/clients/${rotator.client_id}`, {
      refresh_token: { rotation_type: 'non-rotating', expiration_type: 'non-expiring' },
    });
    expect(await refusal(identity.subject(refresh_token, rotator))).toMatchObject({ reason: 'subject_revoked' });
    expect((await identity.refresh(rotator, successor)).status).toBe(403);
  });
});
