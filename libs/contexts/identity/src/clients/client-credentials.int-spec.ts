import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { selfSigned } from '@strongroom/testing/certificates';
import { type RegistryApp, startOwnRegistry } from '../../test/registry-app.js';

describe('credentials of clients over the Management API', () => {
  let registry: RegistryApp;
  let client: string;
  let other: string;

  beforeAll(async () => {
    registry = await startOwnRegistry();
    [client, other] = [await newClient(), await newClient()];
  });
  afterAll(() => registry?.stop());

  const newClient = async (settings: Record<string, unknown> = {}): Promise<string> => {
    const { body, text } = await registry.call('POST', '/clients', { name: 'x', ...settings });
    if (!body['client_id']) throw new Error(text);
    return body['client_id'] as string;
  };
  const at = (id: string, credential?: string) =>
    `/clients/${id}/credentials${credential === undefined ? '' : `/${credential}`}`;
  const key = (modulusLength = 2048) =>
    generateKeyPairSync('rsa', {
      modulusLength,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
  const publicKey = (more: Record<string, unknown> = {}) => ({
    credential_type: 'public_key',
    pem: key().publicKey,
    ...more,
  });
  const create = (body: unknown, id = client) => registry.call('POST', at(id), body);

  it('are made, shown, listed, given an end and deleted', async () => {
    const made = await create(publicKey({ name: 'first', kid: 'the-first-key', alg: 'PS256' }));
    expect(made.status).toBe(201);
    const time = expect.stringMatching(/^\d{4}-.*Z$/) as string;
    expect(made.body).toEqual({
      ...{ id: expect.stringMatching(/^cred_\w{22}$/) as string, name: 'first', kid: 'the-first-key', alg: 'PS256' },
      ...{ credential_type: 'public_key', created_at: time, updated_at: time },
    });
    const one = at(client, made.body['id'] as string);
    expect((await registry.call('GET', one)).body).toEqual(made.body);
    expect(JSON.parse((await registry.call('GET', at(client))).text)).toEqual([made.body]);
    const ending = await registry.call('PATCH', one, { expires_at: '2100-01-01T00:00:00+01:00' });
    expect([ending.status, ending.body['expires_at']]).toEqual([200, '2099-12-31T23:00:00.000Z']);
    expect((await registry.call('PATCH', one, { expires_at: null })).body).not.toHaveProperty('expires_at');
    expect((await registry.call('DELETE', one)).status).toBe(204);
    expect((await registry.call('DELETE', one)).status).toBe(204);
    expect(await registry.call('GET', one)).toMatchObject({
      status: 404,
      body: { errorCode: 'inexistent_credential' },
    });
    expect((await registry.call('GET', at(client))).text).toBe('[]');
    const events = await registry.eventsOf(client);
    expect(events.map(({ data }) => data['changed'])).toEqual([
      undefined,
      ...Array.from({ length: 4 }, () => ['credentials']),
    ]);
  });

  it('are keys where a process of the version before wrote them during an upgrade', async () => {
    await registry.database.query(
      `insert into client_credentials (id, client_id, name, kid, alg, pem) values ($1, $2, null, 'cnry_kid', 'RS256', $3)`,
      ['cred_before', await newClient(), key().publicKey],
    );
    const [row] = await registry.database.query<{ type: string }[]>(
      `select type from client_credentials where id = 'cred_before'`,
    );
    expect(row?.type).toBe('public_key');
  });

  it('are certificates and names in certificates too, shown by what names them', async () => {
    const { cert, key: own } = await selfSigned('CN=worker,O=Example');
    const made = await create({ credential_type: 'x509_cert', pem: cert });
    expect(made.body).toMatchObject({
      credential_type: 'x509_cert',
      thumbprint_sha256: Buffer.from(new X509Certificate(cert).fingerprint256.replaceAll(':', ''), 'hex').toString(
        'base64url',
      ),
      expires_at: new X509Certificate(cert).validToDate.toISOString(),
    });
    const named = await create({ credential_type: 'cert_subject_dn', pem: cert });
    expect(named.body).toMatchObject({ credential_type: 'cert_subject_dn', subject_dn: 'CN=worker\nO=Example' });
    expect((await create({ credential_type: 'cert_subject_dn', subject_dn: 'CN=other,O=Example' })).status).toBe(201);
    const end = await registry.call('PATCH', at(client, made.body['id'] as string), { expires_at: null });
    expect(end.status).toBe(400);
    for (const bad of [
      { credential_type: 'x509_cert', pem: key().publicKey },
      { credential_type: 'x509_cert', pem: `${own}${cert}` },
      { credential_type: 'cert_subject_dn' },
      { credential_type: 'cert_subject_dn', subject_dn: 'worker' },
      { credential_type: 'cert_subject_dn', subject_dn: 'CN=worker', pem: cert },
      publicKey({ pem: key(1024).publicKey }),
      publicKey({ pem: key().privateKey }),
      publicKey({ kid: 'short' }),
      publicKey({ parse_expiry_from_cert: true }),
      publicKey({ alg: 'HS256' }),
      { credential_type: 'password' },
    ])
      expect([bad, (await create(bad)).status]).toEqual([bad, 400]);
  });

  it('are there once for a client, and are no concern of another', async () => {
    const same = publicKey();
    const made = await create(same);
    expect(await create(same)).toMatchObject({ status: 409, body: { errorCode: 'credential_conflict' } });
    expect((await create(same, other)).status).toBe(201);
    const foreign = at(other, made.body['id'] as string);
    for (const [method, body] of [['GET'], ['PATCH', { expires_at: null }]] as const)
      expect(await registry.call(method, foreign, body)).toMatchObject({
        status: 404,
        body: { errorCode: 'inexistent_credential' },
      });
    expect((await registry.call('DELETE', foreign)).status).toBe(204);
    expect((await registry.call('GET', at(client, made.body['id'] as string))).status).toBe(200);
    for (const call of [registry.call('GET', at('nobody')), create(publicKey(), 'nobody')])
      expect(await call).toMatchObject({ status: 404, body: { errorCode: 'inexistent_client' } });
  });

  it('count where the client names them; one that is deleted is named no more', async () => {
    const id = await newClient();
    const made = (await create(publicKey(), id)).body['id'] as string;
    const kept = (await create(publicKey(), id)).body['id'] as string;
    const methods = { private_key_jwt: { credentials: [{ id: made }] } };
    const patch = (client_authentication_methods: unknown) =>
      registry.call('PATCH', `/clients/${id}`, { client_authentication_methods });
    expect((await patch({ tls_client_auth: methods.private_key_jwt })).status).toBe(400);
    expect((await patch({})).status).toBe(400);
    expect((await patch(methods)).status).toBe(200);
    expect((await registry.call('GET', at(id, kept))).status).toBe(200);
    expect((await registry.call('DELETE', at(id, made))).status).toBe(204);
    const { body } = await registry.call('GET', `/clients/${id}`);
    expect(body).toMatchObject({ client_authentication_methods: { private_key_jwt: { credentials: [] } } });
    expect(body).not.toHaveProperty('token_endpoint_auth_method');
    expect((await registry.eventsOf(id)).at(-1)!.data['changed']).toEqual([
      'credentials',
      'client_authentication_methods',
    ]);
  });

  it('need the scope of each route', async () => {
    const one = at(client, 'cred_x');
    for (const [method, path, scope] of [
      ['GET', at(client), 'read:client_credentials'],
      ['POST', at(client), 'create:client_credentials'],
      ['GET', one, 'read:client_credentials'],
      ['PATCH', one, 'update:client_credentials'],
      ['DELETE', one, 'delete:client_credentials'],
    ] as const) {
      const refused = await registry.call(method, path, method === 'GET' || method === 'DELETE' ? undefined : {}, [
        'read:clients',
        'update:clients',
      ]);
      expect([refused.status, refused.body['message']]).toEqual([403, `Insufficient scope, expected any of: ${scope}`]);
    }
  });
});
