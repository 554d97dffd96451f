import { createHash } from 'node:crypto';
import {
  ACCESS_TOKEN,
  type ConnectedAccount,
  createApi,
  createClient,
  createConnection,
  createPerson,
  enable,
  eventually,
  exchange,
  GRACE,
  Installation,
  type Json,
  login,
  myAccountToken,
  REFRESH_TOKEN,
  Scene,
  TOKEN_EXCHANGE,
} from './driver/index.js';

describe('RE-18 refusals of the exchange, none with WWW-Authenticate', () => {
  const installation = Installation.fromEnvironment();
  let scene: Scene;
  let account: ConnectedAccount;
  beforeAll(async () => {
    scene = await Scene.create(installation);
    account = await scene.connect();
  });
  afterAll(() => installation.close());

  /** Status and error, where the libraries can read them: every refusal here goes through this. */
  const refusal = (answer: Awaited<ReturnType<typeof exchange>>) => {
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['cache-control']).toContain('no-store');
    return [answer.status, answer.json['error']];
  };

  it('RE-19 writes down each token that left by its thumbprint, each refusal with its reason, and no token', async () => {
    const own = await scene.another();
    await own.connect('person-2');
    const given = String((await own.exchange()).json['access_token']);
    expect((await own.exchange({ login_hint: 'nobody' })).status).toBe(401);
    expect((await own.exchange({ scope: 'admin' })).status).toBe(400);
    const about = encodeURIComponent(`user_id:"${own.person.userId}" client_id:"${own.client.id}"`);
    const logs = async () => (await installation.management('GET', `/logs?q=${about}`)).list.filter(isOfExchanges);
    const entries = await eventually(logs, ({ length }) => length >= 3);
    const details = { token_thumbprint: createHash('sha256').update(given).digest('base64url'), scope: 'read write' };
    expect(entries).toHaveLength(3);
    expect(entries).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'seta', details: expect.objectContaining(details) as Json }),
        ...['account_not_found', 'scope_missing'].map((failure_reason) =>
          expect.objectContaining({ type: 'feta', details: expect.objectContaining({ failure_reason }) as Json }),
        ),
      ]),
    );
    for (const token of [given, own.tokens.refreshToken, 'cnry_']) expect(JSON.stringify(entries)).not.toContain(token);
  });
  const isOfExchanges = ({ type }: Json) => type === 'seta' || type === 'feta';

  it('RE-01 says that nothing is connected, in the words that libraries know', async () => {
    const stranger = await scene.another();
    const answer = await stranger.exchange();
    expect(refusal(answer)).toEqual([401, 'federated_connection_refresh_token_not_found']);
    expect(answer.json['error_description']).toBe('Federated connection Refresh Token not found.');
  });

  it('AD-02 and AD-05 tells the app what to post for a person who has connected nothing', async () => {
    const stranger = await scene.another();
    const plain = await installation.token({
      ...{ grant_type: TOKEN_EXCHANGE, audience: scene.connection.name },
      ...{ subject_token: stranger.tokens.refreshToken, subject_token_type: REFRESH_TOKEN },
      ...{ client_id: scene.client.id, client_secret: scene.client.secret },
    });
    expect(refusal(plain)).toEqual([400, 'consent_required']);
    const ofVault = await stranger.exchange();
    expect(plain.json['error_details']).toEqual(ofVault.json['error_details']);
    const begun = { status: 201, hint: { connection: scene.connection.name } };
    expect(await stranger.follow(plain)).toEqual(begun);
  });

  it('SE-05 and AD-05 gives no more scopes than asked, no fewer, and tells the app what to post for others', async () => {
    const narrower = await scene.exchange({ scope: 'read' });
    expect(refusal(narrower)).toEqual([400, 'invalid_scope']);
    expect(narrower.json['error_details']).toMatchObject({ reason: 'scope_not_narrowable', missing_scopes: [] });
    expect((await scene.exchange({ scope: 'write read' })).status).toBe(200);
    const lacking = await scene.exchange({ scope: 'read admin' });
    expect(refusal(lacking)).toEqual([400, 'invalid_scope']);
    expect(lacking.json['error_details']).toMatchObject({
      ...{ reason: 'scope_missing', missing_scopes: ['admin'], cause: null, connection: scene.connection.name },
      account: { id: account.id },
    });
    const body = { connection: scene.connection.name, connected_account_id: account.id };
    const wider = { ...body, scopes: ['read', 'write', 'admin'] };
    expect(await scene.follow(lacking)).toEqual({ status: 201, hint: wider });
  });

  it('SE-05 and AD-08 hands out the part that is asked for, or that a policy leaves, where the provider narrows', async () => {
    const provider_settings = { tokenRequest: { refreshScope: 'when-narrowing' } };
    const own = await Scene.create(installation, { ...GRACE, options: { provider_settings } });
    await own.connect();
    const handed = async (wish: Record<string, string> = {}) => {
      const { status, json } = await own.exchange(wish);
      return [status, json['scope'], json['access_token']] as const;
    };
    const [, , whole] = await handed();
    const [status, scope, part] = await handed({ scope: 'read' });
    expect([status, scope]).toEqual([200, 'read']);
    expect(part).not.toBe(whole);
    expect(await handed()).toEqual([200, 'read write', whole]);
    const bound = { vault_policy: { scopes: ['write'] } };
    await installation.manage('PATCH', `/clients/${own.client.id}`, bound);
    const [, left, token] = await handed();
    expect(left).toBe('write');
    expect([whole, part]).not.toContain(token);
  });

  it('RE-06 names the switch when the vault is off, and serves again when it is on', async () => {
    const own = await Scene.create(installation);
    await own.connect();
    expect((await own.exchange()).status).toBe(200);
    const path = `/connections/${own.connection.id}`;
    await installation.manage('PATCH', path, { connected_accounts: { active: false } });
    const off = await eventually(
      () => own.exchange(),
      ({ status }) => status !== 200,
    );
    expect(refusal(off)).toEqual([400, 'invalid_request']);
    expect(off.json['error_description']).toContain('Token Vault is not enabled for the provided connection');
    await installation.manage('PATCH', path, { connected_accounts: { active: true } });
    const on = await eventually(
      () => own.exchange(),
      ({ status }) => status === 200,
    );
    expect(on.status).toBe(200);
  });

  it('RE-07 does not tell an unknown connection from one that is not enabled', async () => {
    const elsewhere = await createConnection(installation, { clients: [] });
    const notEnabled = await exchange(installation, scene.client, elsewhere, scene.tokens.refreshToken);
    const unknown = await exchange(installation, scene.client, { name: 'nothing-here' }, scene.tokens.refreshToken);
    expect(refusal(notEnabled)).toEqual([400, 'invalid_request']);
    expect(unknown.text).toBe(notEnabled.text);
    expect(unknown.status).toBe(notEnabled.status);
  });

  it('RE-07 refuses soon once the connection is disabled for the client', async () => {
    const own = await Scene.create(installation);
    await own.connect();
    expect((await own.exchange()).status).toBe(200);
    await enable(installation, own.connection.id, [own.client], false);
    const off = await eventually(
      () => own.exchange(),
      ({ status }) => status !== 200,
    );
    expect(refusal(off)).toEqual([400, 'invalid_request']);
    await enable(installation, own.connection.id, [own.client]);
    const on = await eventually(
      () => own.exchange(),
      ({ status }) => status === 200,
    );
    expect(on.status).toBe(200);
  });

  it('RE-08 needs the grant type at the client', async () => {
    const client = await createClient(installation, { grant_types: ['authorization_code', 'refresh_token'] });
    await enable(installation, scene.connection.id, [client]);
    const { refreshToken } = await login(installation, client, scene.person);
    const answer = await exchange(installation, client, scene.connection, refreshToken);
    expect(refusal(answer)).toEqual([403, 'unauthorized_client']);
  });

  const rotating = { rotation_type: 'rotating', expiration_type: 'expiring' };
  it.each([
    ['public', { token_endpoint_auth_method: 'none' }, 401, 'invalid_client', /Client authentication failed/],
    ['third party', { is_first_party: false }, 403, 'unauthorized_client', /first.party/i],
    ['not OIDC conformant', { oidc_conformant: false }, 403, 'unauthorized_client', /oidc.conformant/i],
    ['rotating its refresh tokens', { refresh_token: rotating }, 403, 'unauthorized_client', /rotat/i],
  ])('RE-09 refuses a client that is %s and names the cause', async (_, change, status, error, words) => {
    // What is refused is settings at the time of the exchange: the login happens before they change.
    const client = await createClient(installation);
    await enable(installation, scene.connection.id, [client]);
    const { refreshToken } = await login(installation, client, scene.person);
    expect((await exchange(installation, client, scene.connection, refreshToken)).status).toBe(200);
    await installation.manage('PATCH', `/clients/${client.id}`, change);
    const asked = () => exchange(installation, client, scene.connection, refreshToken);
    const answer = await eventually(asked, (now) => now.status !== 200);
    expect(refusal(answer)).toEqual([status, error]);
    expect(answer.json['error_description']).toMatch(words);
  });

  it('RE-10 refuses a wrong secret', async () => {
    const answer = await scene.exchange({ client_secret: `${scene.client.secret}x` });
    expect(refusal(answer)).toEqual([401, 'invalid_client']);
  });

  it.each(['connection', 'subject_token'])('RE-11 names the missing %s', async (missing) => {
    const answer = await scene.exchange({ [missing]: '' });
    expect(refusal(answer)).toEqual([400, 'invalid_request']);
    expect(answer.json['error_description']).toContain(missing);
  });

  it('RE-12 and RE-23 knows its grants and types, and reads forms and JSON', async () => {
    const type = (name: string) => ({ requested_token_type: `http://auth0.com/oauth/token-type/token-vault-${name}` });
    expect((await scene.exchange(type('access-token'))).status).toBe(200);
    expect(refusal(await scene.exchange(type('refresh-token')))).toEqual([400, 'invalid_request']);
    expect(refusal(await scene.exchange({ grant_type: 'urn:x' }))).toEqual([400, 'unsupported_grant_type']);
    const text = await scene.exchange({}, { 'content-type': 'text/plain' });
    expect(refusal(text)).toEqual([400, 'invalid_request']);
  });

  it('RE-13 refuses the refresh token of another client, which still works for its owner', async () => {
    const thief = await createClient(installation);
    await enable(installation, scene.connection.id, [thief]);
    const answer = await exchange(installation, thief, scene.connection, scene.tokens.refreshToken);
    expect(refusal(answer)).toEqual([403, 'invalid_grant']);
    expect((await scene.exchange()).status).toBe(200);
  });

  it('RE-14 refuses a refresh token from its revocation on', async () => {
    const { refreshToken } = await login(installation, scene.client, scene.person);
    const asked = () => exchange(installation, scene.client, scene.connection, refreshToken);
    expect((await asked()).status).toBe(200);
    const { id, secret } = scene.client;
    const revoked = await installation.http.sendForm(`${installation.url}/oauth/revoke`, {
      ...{ token: refreshToken, client_id: id, client_secret: secret },
    });
    expect(revoked.status).toBe(200);
    expect(refusal(await asked())).toEqual([403, 'invalid_grant']);
  });

  it('RE-17 refuses a My Account token and an ID token as subject', async () => {
    const api = await createApi(installation);
    await enable(installation, scene.connection.id, [api.client]);
    const person = await createPerson(installation);
    const tokens = await login(installation, scene.client, person, { audience: api.audience });
    const mine = await myAccountToken(installation, scene.client, tokens.refreshToken);
    for (const subject of [mine, tokens.idToken]) {
      const answer = await exchange(installation, api.client, scene.connection, subject, {
        subject_token_type: ACCESS_TOKEN,
      });
      expect(refusal(answer)).toEqual([401, 'invalid_grant']);
    }
  });
});
