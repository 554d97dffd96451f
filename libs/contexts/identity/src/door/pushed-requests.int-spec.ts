import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { type Answer } from '../../test/answers.js';
import { type AuthorizationApp, CALLBACK, startIdentity } from '../../test/authorization-app.js';
import { type Page } from '../../test/browser.js';
import { ProofKey } from '../../test/proofs.js';

type Client = { client_id: string; client_secret: string };

describe('requests that their client lodges before the browser comes', () => {
  let identity: AuthorizationApp;
  let client: Client;
  const email = 'someone@example.com';
  const verifier = randomBytes(32).toString('base64url');

  beforeAll(async () => {
    identity = await startIdentity();
    client = await identity.client();
    await identity.api('my-api');
    await identity.person(email);
  });
  afterAll(() => identity?.stop());

  const asked = (more: Record<string, string> = {}) => ({
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid offline_access read:things',
    audience: 'my-api',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  });
  const push = (more: Record<string, string> = {}, { client_id, client_secret }: Client = client): Promise<Answer> =>
    identity.post('/oauth/par', { client_id, client_secret, ...asked(more) });
  const open = (params: Record<string, string>, browser = identity.browser()) =>
    browser.open(`/authorize?${new URLSearchParams(params).toString()}`);

  it('GR-09 and ID-09 answer 201, and sign in once, for the API and the scopes that were lodged', async () => {
    const { status, body, headers } = await push();
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store']);
    expect(body).toEqual({ request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:/), expires_in: 60 });
    const sent = { client_id: client.client_id, request_uri: body['request_uri'] as string };
    const browser = identity.browser();
    let page = await open(sent, browser);
    page = await browser.submit(page, { username: email, password: 'cnry_password_of_the_tests' });
    const redeemed = await identity.redeem(client, { params: new URL(page.left!).searchParams, verifier });
    expect(redeemed.status).toBe(200);
    expect(redeemed.body).toHaveProperty('refresh_token');
    expect(decodeJwt(redeemed.body['access_token'] as string)).toMatchObject({
      aud: ['my-api', `${identity.origin}/userinfo`],
      scope: expect.stringContaining('read:things') as string,
    });
    for (const again of [await open(sent, browser), await open(sent)])
      expect(again.left ?? again.text).toMatch(/invalid_request_uri/);
  });

  it.each(['was used', 'ended'])('GR-09 are good for one of two browsers that came before it %s', async (what) => {
    const { body } = await push();
    const sent = { client_id: client.client_id, request_uri: body['request_uri'] as string };
    const browsers = [identity.browser(), identity.browser()];
    const pages: Page[] = [];
    for (const browser of browsers) pages.push(await open(sent, browser));
    if (what === 'ended') {
      await identity.database.query(
        `update artefacts set expires_at = expires_at - make_interval(secs => $1),
           payload = jsonb_set(payload, '{exp}', to_jsonb((payload->>'exp')::int - $1::int))
         where kind = 'PushedAuthorizationRequest' and consumed_at is null`,
        [body['expires_in']],
      );
      expect((await open(sent)).text).toContain('invalid_request_uri');
    }
    const ends = await Promise.all(
      browsers.map((one, at) => one.submit(pages[at]!, { username: email, password: 'cnry_password_of_the_tests' })),
    );
    const said = ends.map(({ left }) => new URL(left!).searchParams);
    expect(said.filter((params) => params.has('code'))).toHaveLength(1);
    expect(said.map((params) => params.get('error')).sort()).toEqual(['invalid_request_uri', null]);
  });

  it('are no other client’s', async () => {
    const other = await identity.client();
    const { body } = await push();
    const page = await open({ client_id: other.client_id, request_uri: body['request_uri'] as string });
    expect([page.left, page.text]).toEqual([null, expect.stringContaining('invalid_request_object')]);
  });

  it('want the client authenticated by any of its methods, as form or as JSON', async () => {
    const { client_id, client_secret } = client;
    const basic = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
    expect((await identity.post('/oauth/par', asked(), { authorization: basic })).status).toBe(201);
    expect((await identity.json('/oauth/par', { client_id, client_secret, ...asked() })).status).toBe(201);
    const refusals = [
      await push({}, { client_id, client_secret: 'cnry_wrong' }),
      await identity.post('/oauth/par', { client_id, ...asked() }),
      await identity.post('/oauth/par', asked(), { accept: 'text/html' }),
    ];
    for (const refused of refusals) {
      expect([refused.status, refused.body['error']]).toEqual([401, 'invalid_client']);
      expect(refused.headers.get('www-authenticate')).toBeNull();
    }
    const machine = await identity.client({ grant_types: ['client_credentials'] });
    expect((await push({}, machine)).body).toMatchObject({ error: 'unauthorized_client' });
    const spa = await identity.client({ app_type: 'spa', token_endpoint_auth_method: 'none' });
    expect((await identity.post('/oauth/par', { client_id: spa.client_id, ...asked() })).status).toBe(201);
  });

  it('GR-14, GR-08, A2 and A8 refuse there what /authorize refuses, as JSON', async () => {
    for (const bad of [
      { organization: 'org_1' },
      { invitation: 'x' },
      { redirect_uri: '' },
      { redirect_uri: `${CALLBACK}/` },
      { redirect_uri: `${CALLBACK}?x=1` },
      { redirect_uri: 'https://evil.example/' },
      { code_challenge_method: 'plain' },
      { code_challenge: '', code_challenge_method: '' },
    ] as Record<string, string>[]) {
      const { status, body } = await push(bad);
      expect([bad, status, body['error']]).toEqual([bad, 400, 'invalid_request']);
    }
    for (const response_type of ['token', 'id_token', 'code token']) {
      const { status, body } = await push({ response_type });
      expect([response_type, status, body['error']]).toEqual([response_type, 400, 'unsupported_response_type']);
    }
    expect((await push({ organization: 'org_1' })).body['error_description']).toBe('organisations are not offered');
    expect((await push({ scope: 'openid link_account', requested_connection: 'crm' })).body).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('linking accounts is not offered yet') as string,
    });
    for (const wordless of [{ request: 'a.b.c' }, { request_uri: 'urn:x' }, { registration: '{}' }] as Record<
      string,
      string
    >[]) {
      const { status, body } = await push(wordless);
      expect([status, typeof body['error_description']]).toEqual([400, 'string']);
    }
  });

  it('bind their code to the key that signed a proof beside them, once', async () => {
    const key = await ProofKey.create();
    const dpop = await key.proof({ url: `${identity.origin}/oauth/par` });
    const { client_id, client_secret } = client;
    const pushed = () => identity.post('/oauth/par', { client_id, client_secret, ...asked() }, { dpop });
    const { status, body } = await pushed();
    expect(status).toBe(201);
    expect((await pushed()).body['error']).toBe('invalid_dpop_proof');
    const browser = identity.browser();
    let page = await open({ client_id, request_uri: body['request_uri'] as string }, browser);
    page = await browser.submit(page, { username: email, password: 'cnry_password_of_the_tests' });
    const { searchParams: params } = new URL(page.left!);
    expect((await identity.redeem(client, { params, verifier })).status).toBe(400);
  });

  it('are demanded of a client that says so', async () => {
    const strict = await identity.client({ require_pushed_authorization_requests: true });
    const refused = await open({ client_id: strict.client_id, ...asked() });
    expect(refused.left).toContain('error=invalid_request');
    const { body } = await push({}, strict);
    const page = await open({ client_id: strict.client_id, request_uri: body['request_uri'] as string });
    expect(page.path).toMatch(/^\/u\/login\//);
  });
});
