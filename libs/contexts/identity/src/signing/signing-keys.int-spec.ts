import { X509Certificate } from 'node:crypto';
import { testPostgres } from '@strongroom/testing';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { type AuthorizationApp, startAuthorization } from '../../test/authorization-app.js';
import { emptyDatabase, masterKeys, START } from '../../test/registry-app.js';
import { keyAndCertificate, shownKey, type ShownKey } from './signing-key.schema.js';

describe('signing keys', () => {
  let postgres: Awaited<ReturnType<typeof testPostgres>>;
  /** Two processes on one database; what is done at the first is asked of the second. */
  let identity: AuthorizationApp, replica: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  let things: typeof client, strict: typeof client;
  const email = 'someone@example.com';

  beforeAll(async () => {
    postgres = await testPostgres();
    const url = await emptyDatabase(postgres.url);
    const keys = masterKeys();
    identity = await startAuthorization(url, keys);
    replica = await startAuthorization(url, keys, identity.origin);
    client = await identity.client();
    await identity.userGrant(client);
    await identity.person(email);
    things = await identity.api('things');
    strict = await identity.api('strict');
    await identity.api('long', { token_lifetime: 2_592_000 });
  });
  afterAll(async () => {
    await replica?.stop();
    await identity?.stop();
    await postgres?.stop();
  });

  const sql = (statement: string, values: unknown[] = []) => identity.database.query<unknown[]>(statement, values);
  const jwks = async (at: AuthorizationApp) => (await at.get('/.well-known/jwks.json')).as<JSONWebKeySet>();
  const listed = async (at = identity) => (await jwks(at)).keys.map(({ kid }) => kid!);
  const kidOf = (token: string) => decodeProtectedHeader(token).kid!;
  /** Fetched anew: the one that the test keeps may have been signed by a key that is gone. */
  const call = async (method: string, path: string, body?: object) => {
    const { clientId: client_id, clientSecret: client_secret } = START.managementClient;
    const form = { grant_type: 'client_credentials', client_id, client_secret };
    const token = (await identity.token({ ...form, audience: `${identity.origin}/api/v2/` })).body['access_token'];
    return identity.json(`/api/v2${path}`, body, { authorization: `Bearer ${token as string}` }, method);
  };
  const manage = (method: string, path: string) => call(method, `/keys/signing${path}`);
  const keys = async (): Promise<ShownKey[]> => shownKey.array().parse((await manage('GET', '')).body);
  const kidThat = async (is: 'current' | 'next' | 'previous') => (await keys()).find((key) => key[is])!.kid;
  /** As if a minute had passed since they were made. */
  const age = () => sql(`update signing_keys set created_at = created_at - interval '61 seconds'`);
  const rotated = async () => {
    await age();
    expect((await manage('POST', '/rotate')).status).toBe(201);
  };
  const scope = 'openid offline_access read:me:connected_accounts';
  const tokens = (at = identity) => at.tokens(email, client, { audience: `${identity.origin}/me/`, scope });
  const accepts = (at: AuthorizationApp, token: string) =>
    at.bearer.check('my-account', { authorization: `Bearer ${token}`, dpop: null, method: 'GET', url: at.origin }).then(
      () => true,
      ({ status }: { status: number }) => (status === 401 ? false : Promise.reject(new Error(`answered ${status}`))),
    );

  it('MG-27 are shown with their certificates', async () => {
    const [one, other] = await keys();
    expect([one, other].map((key) => [key!.current, key!.next, key!.previous, key!.revoked]).sort()).toEqual([
      [false, true, false, false],
      [true, false, false, false],
    ]);
    for (const { kid, cert, fingerprint, thumbprint } of [one!, other!]) {
      const certificate = new X509Certificate(cert);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect(certificate.subject).toBe(`CN=${new URL(identity.origin).hostname}`);
      expect([certificate.fingerprint, certificate.fingerprint.replaceAll(':', '')]).toEqual([fingerprint, thumbprint]);
      expect((await jwks(identity)).keys.find((key) => key.kid === kid)).toMatchObject({
        ...{ n: certificate.publicKey.export({ format: 'jwk' }).n, alg: 'RS256', use: 'sig', kty: 'RSA' },
      });
      expect((await manage('GET', `/${kid}`)).body).toMatchObject({ kid, cert });
    }
    const gone = await manage('GET', '/nowhere');
    expect([gone.status, gone.body['errorCode']]).toEqual([404, 'inexistent_signing_key']);
  });

  it('A7 are of 2,048 bits and sealed at rest', async () => {
    const [current] = await keys();
    expect(new X509Certificate(current!.cert).publicKey.asymmetricKeyDetails!.modulusLength).toBe(2048);
    const rows = (await sql('select * from signing_keys')) as Record<string, unknown>[];
    expect(rows.filter(({ purpose }) => purpose === 'tokens')).toHaveLength(2);
    for (const row of rows) {
      expect((row['key_sealed'] as Buffer).subarray(0, 4).toString('latin1')).toBe('SR\u0001\u0001');
      expect(Object.keys(row['public_jwk'] ?? {})).not.toContain('d');
    }
  });

  it('from before there were certificates and successors get both', async () => {
    await sql(`delete from signing_keys where state = 'next'`);
    await sql(`update signing_keys set certificate = null`);
    expect((await keys()).map(({ next, cert }) => [next, new X509Certificate(cert).ca]).sort()).toEqual([
      [false, false],
      [true, false],
    ]);
    expect(await listed(replica)).toEqual(await listed());
  });

  it('MG-27 and GR-05 take turns: what the last one signed still passes, and one that nobody knows yet does not sign', async () => {
    const { access_token, id_token } = await tokens();
    const [before, next] = [await kidThat('current'), await kidThat('next')];
    expect([kidOf(access_token), kidOf(id_token)]).toEqual([before, before]);

    const answer = await manage('POST', '/rotate');
    expect(answer.status).toBe(201);
    const made = keyAndCertificate.parse(answer.body).kid;
    expect([await kidThat('previous'), await kidThat('current'), await kidThat('next')]).toEqual([before, next, made]);
    for (const at of [identity, replica]) {
      expect((await listed(at)).sort()).toEqual([before, next, made].sort());
      expect(kidOf((await tokens(at)).access_token)).toBe(before);
    }
    await age();
    for (const at of [identity, replica]) {
      const fresh = await tokens(at);
      expect(kidOf(fresh.access_token)).toBe(next);
      const { issuer } = (await at.get('/.well-known/openid-configuration')).body as { issuer: string };
      expect(issuer).toBe(`${identity.origin}/`);
      const verify = { issuer, audience: client.client_id, requiredClaims: ['sub', 'iat', 'exp', 'sid'] };
      for (const token of [id_token, fresh.id_token]) await jwtVerify(token, createLocalJWKSet(await jwks(at)), verify);
      expect([await accepts(at, access_token), await accepts(at, fresh.access_token)]).toEqual([true, true]);
    }
  });

  it('MG-27 that are revoked count nowhere from the answer on, nor anything they signed', async () => {
    const forThings = await identity.tokens(email, client, {
      ...{ audience: 'things', scope: 'openid offline_access read:things' },
    });
    const { access_token } = await tokens();
    const machine = await identity.token({
      ...{
        grant_type: 'client_credentials',
        client_id: START.managementClient.clientId,
        audience: `${identity.origin}/api/v2/`,
      },
      client_secret: START.managementClient.clientSecret,
    });
    const kid = kidOf(access_token);
    await rotated();
    expect([kidOf(forThings.access_token), kidOf(machine.body['access_token'] as string)]).toEqual([kid, kid]);
    const uses = (at: AuthorizationApp) => [
      accepts(at, access_token),
      at.subjects.validate(at.subject(forThings.access_token, things, { subjectTokenType: 'access_token' })).then(
        () => true,
        ({ status, code }: { status: number; code: string }) => `${status} ${code}`,
      ),
      at.get('/userinfo', { authorization: `Bearer ${forThings.access_token}` }).then(({ status }) => status),
      at
        .json(
          '/api/v2/clients',
          undefined,
          { authorization: `Bearer ${machine.body['access_token'] as string}` },
          'GET',
        )
        .then(({ status }) => status),
    ];
    // Both remember now that these signatures are good.
    for (const at of [identity, replica]) expect(await Promise.all(uses(at))).toEqual([true, true, 200, 200]);

    for (const [used, status] of [
      [await kidThat('current'), 400],
      [await kidThat('next'), 400],
      ['nowhere', 404],
    ] as const)
      expect((await manage('PUT', `/${used}/revoke`)).status).toBe(status);
    const answer = await manage('PUT', `/${kid}/revoke`);
    expect([answer.status, keyAndCertificate.parse(answer.body).kid]).toEqual([200, kid]);
    for (const at of [replica, identity]) {
      expect(await Promise.all(uses(at))).toEqual([false, '401 invalid_grant', 401, 401]);
      expect(await listed(at)).not.toContain(kid);
    }
    expect((await keys()).find((key) => key.kid === kid)).toMatchObject({
      ...{ current: false, next: false, previous: false, revoked: true, revoked_at: expect.any(String) as string },
    });
    expect((await manage('PUT', `/${kid}/revoke`)).status).toBe(200);
    expect(await sql('select from signing_keys where kid = $1 and key_sealed is not null', [kid])).toEqual([]);
  });

  it('A7 sign at once where all before them were revoked: what leaked must not sign on', async () => {
    await rotated();
    await manage('POST', '/rotate'); // the current one is known to nobody yet
    const before = (await keys()).filter((key) => key.previous);
    expect(before).not.toEqual([]);
    for (const { kid } of before) expect((await manage('PUT', `/${kid}/revoke`)).status).toBe(200);
    expect(kidOf((await tokens(replica)).access_token)).toBe(await kidThat('current'));
  });

  it('A7 stay listed until the last token that they signed has ended', async () => {
    const { access_token } = await identity.tokens(email, client, { audience: 'long', scope: 'openid read:things' });
    const kid = kidOf(access_token);
    await rotated();
    const [key] = (await sql(`select listed_until from signing_keys where kid = $1`, [kid])) as {
      listed_until: Date;
    }[];
    expect(key!.listed_until.getTime() / 1000).toBeGreaterThanOrEqual(decodeJwt(access_token).exp!);
    expect(await listed(replica)).toContain(kid);

    const others = await tokens();
    await rotated();
    const later = kidOf(others.access_token);
    const [shorter] = (await sql(
      `select extract(epoch from listed_until - current_until)::int as lasts
      from signing_keys where kid = $1`,
      [later],
    )) as { lasts: number }[];
    expect(shorter!.lasts).toBe(86_400);
    await sql(`update signing_keys set listed_until = now() where kid = $1`, [later]);
    expect(await listed(replica)).not.toContain(later);
    expect(await accepts(replica, others.access_token)).toBe(false);
  });

  it('for PS256 are made when the first API wants them, and others learn of them when they meet one', async () => {
    expect((await jwks(identity)).keys.map(({ alg }) => alg)).not.toContain('PS256');
    const signedBy = async (signing_alg: string) =>
      expect((await call('PATCH', '/resource-servers/strict', { signing_alg })).status).toBe(200);
    await signedBy('PS256');
    const asked = { audience: 'strict', scope: 'openid offline_access read:things' };
    const { access_token, id_token } = await identity.tokens(email, client, asked);
    const { alg, kid } = decodeProtectedHeader(access_token);
    expect([alg, decodeProtectedHeader(id_token).alg]).toEqual(['PS256', 'RS256']);
    expect((await keys()).filter((key) => key.current)).toHaveLength(2);

    const asSubject = (at: AuthorizationApp) =>
      at.subjects.validate(at.subject(access_token, strict, { subjectTokenType: 'access_token' }));
    expect(await asSubject(replica)).toMatchObject({ clientId: strict.client_id });
    expect(await listed(replica)).toContain(kid);
    await jwtVerify(access_token, createLocalJWKSet(await jwks(replica)), { algorithms: ['PS256'] });

    await signedBy('RS256');
    await expect(asSubject(replica)).rejects.toMatchObject({ code: 'invalid_grant', status: 401 });
    await rotated();
    expect((await keys()).filter((key) => key.next)).toHaveLength(2);
  });
});
