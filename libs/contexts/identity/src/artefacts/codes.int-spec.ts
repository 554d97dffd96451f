import { jest } from '@jest/globals';
import { type AuthorizationApp, startIdentity } from '../../test/authorization-app.js';
import { Browser } from '../../test/browser.js';
import { ArtefactAdapter } from '../library/artefact-adapter.js';

type Consume = (this: ArtefactAdapter, id: string) => Promise<void>;

describe('a code', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  const email = 'someone@example.com';

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client();
    await identity.person(email);
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => identity?.stop());

  it('GR-10 and ID-11 works for exactly one of 50 at once, and what it gave ends', async () => {
    const consume = Object.getOwnPropertyDescriptor(ArtefactAdapter.prototype, 'consume')!.value as Consume;
    // Without it the redemptions do not meet between the read and the write.
    jest.spyOn(ArtefactAdapter.prototype, 'consume').mockImplementation(async function (this: ArtefactAdapter, id) {
      await new Promise((done) => setTimeout(done, 3));
      return consume.call(this, id);
    });
    const browser = identity.browser();
    for (let round = 0; round < 5; round++) {
      const signed = await identity.authorize(browser, email, client);
      const answers = await Promise.all(Array.from({ length: 50 }, () => identity.redeem(client, signed)));
      const good = answers.filter(({ status }) => status === 200);
      expect(good).toHaveLength(1);
      for (const { status, body } of answers)
        if (status !== 200) expect([status, body['error']]).toEqual([400, 'invalid_grant']);
      const refreshed = await identity.refresh(client, good[0]!.body['refresh_token'] as string);
      expect(refreshed.status).toBe(403);
    }
  });

  it('wants the address that it was sent to, though the client has no other', async () => {
    const signed = await identity.authorize(identity.browser(), email, client);
    const { params, verifier } = signed;
    const sent = { grant_type: 'authorization_code', ...client, code: params.get('code')!, code_verifier: verifier };
    expect((await identity.token(sent)).body['error']).toBe('invalid_request');
    expect((await identity.redeem(client, signed)).status).toBe(200);
  });

  it('used again later, ends what it gave', async () => {
    const signed = await identity.authorize(identity.browser(), email, client);
    const first = await identity.redeem(client, signed);
    expect((await identity.redeem(client, signed)).status).toBe(400);
    expect((await identity.refresh(client, first.body['refresh_token'] as string)).status).toBe(403);
  });

  it('is not found by the hash that the database holds', async () => {
    const signed = await identity.authorize(identity.browser(), email, client);
    const rows = await identity.database.query<{ id: string }[]>(
      `select encode(id_hash, 'hex') as id from artefacts where kind = 'AuthorizationCode' order by created_at desc limit 1`,
    );
    const params = new URLSearchParams({ code: `sha256:${rows[0]!.id}` });
    expect((await identity.redeem(client, { ...signed, params })).status).toBe(400);
    expect((await identity.redeem(client, signed)).status).toBe(200);
  });

  it('of the connect flow\u2019s sign-in is redeemed once, by who holds the verifier', async () => {
    const connect = { client_id: 'strongroom-connect' };
    const back = '/connected-accounts/connect/signed-in';
    const asked = { scope: 'openid', redirect_uri: identity.origin + back };
    const sign = () => identity.authorize(new Browser(identity, back), email, connect, asked);
    const wrong = await sign();
    await expect(identity.signIn.redeem(wrong.params.get('code')!, 'x'.repeat(43))).rejects.toMatchObject({
      status: 400,
    });
    await expect(identity.signIn.redeem(wrong.params.get('code')!, wrong.verifier)).rejects.toMatchObject({
      status: 400,
    });
    const right = await sign();
    const person = await identity.signIn.redeem(right.params.get('code')!, right.verifier);
    expect(person.userId).toMatch(/^auth0\|/);
    await expect(identity.signIn.redeem(right.params.get('code')!, right.verifier)).rejects.toMatchObject({
      status: 400,
    });
    const app = await identity.authorize(identity.browser(), email, client);
    await expect(identity.signIn.redeem(app.params.get('code')!, app.verifier)).rejects.toMatchObject({ status: 400 });
  });

  it('is there again when the database is, which was away for a moment', async () => {
    const signed = await identity.authorize(identity.browser(), email, client);
    const away = Object.assign(new Error('connect cnry_host'), { code: 'ECONNREFUSED' });
    jest.spyOn(ArtefactAdapter.prototype, 'find').mockRejectedValueOnce(away);
    const { status, headers, body } = await identity.redeem(client, signed);
    expect([status, headers.get('retry-after'), body]).toEqual([
      503,
      '2',
      expect.objectContaining({ error: 'temporarily_unavailable' }),
    ]);
    expect((await identity.redeem(client, signed)).status).toBe(200);
  });
});
