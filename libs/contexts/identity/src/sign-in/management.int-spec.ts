import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { type AuthorizationApp, PASSWORD, startIdentity } from '../../test/authorization-app.js';
import { type Browser } from '../../test/browser.js';
import { START } from '../../test/registry-app.js';
import { DASHBOARD_CLIENT } from '../first-rows/built-in.js';
import { MANAGEMENT_SCOPES } from '../first-rows/management-scopes.js';

describe('GR-17 tokens of people for the Management API', () => {
  let identity: AuthorizationApp;
  const verifier = 'v'.repeat(43);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const { email: administrator, password } = START.administrator!;
  const somebody = 'someone@example.com';

  beforeAll(async () => {
    identity = await startIdentity();
    await identity.person(somebody);
  });
  afterAll(() => identity?.stop());

  const callback = () => `${identity.origin}/dashboard/callback`;
  /** Where the sign-in ends, through whatever it asks. */
  const authorize = async (browser: Browser, who: string, params: Record<string, string> = {}) => {
    const asked = new URLSearchParams({
      ...{ response_type: 'code', client_id: DASHBOARD_CLIENT, redirect_uri: callback(), scope: 'openid' },
      ...{
        code_challenge: challenge,
        code_challenge_method: 'S256',
        audience: `${identity.origin}/api/v2/`,
        ...params,
      },
    });
    let page = await browser.open(`/authorize?${asked.toString()}`);
    if (page.path.startsWith('/u/login/'))
      page = await browser.submit(page, { username: who, password: who === administrator ? password : PASSWORD });
    if (page.path.startsWith('/u/consent/')) page = await browser.submit(page, { action: 'accept' });
    if (!page.left) throw new Error(`stayed on ${page.path}: ${page.text}`);
    return Object.fromEntries(new URL(page.left).searchParams);
  };
  const redeem = (code: string | undefined, client_id = DASHBOARD_CLIENT, redirect_uri = callback(), secret = '') =>
    identity.token({
      ...{ grant_type: 'authorization_code', client_id, redirect_uri, code: code ?? '', code_verifier: verifier },
      ...(secret ? { client_secret: secret } : {}),
    });
  const browser = () => identity.browser(`/dashboard/callback`);

  it('gives an administrator at the dashboard every scope for 600 s, and nothing to refresh it by', async () => {
    const chrome = browser();
    const { code } = await authorize(chrome, administrator, { scope: 'openid offline_access', prompt: 'login' });
    const { status, body } = await redeem(code);
    expect([status, body['expires_in'], body['refresh_token']]).toEqual([200, 600, undefined]);
    const claims = decodeJwt(body['access_token'] as string);
    expect(claims.exp! - claims.iat!).toBe(600);
    const scopes = (claims['scope'] as string).split(' ');
    expect(scopes.filter((scope) => scope !== 'openid').sort()).toEqual([...MANAGEMENT_SCOPES].sort());
    const authorization = `Bearer ${body['access_token'] as string}`;
    expect((await identity.get('/api/v2/users', { authorization })).status).toBe(200);
    // After a reload of the dashboard: no page, no click.
    expect((await authorize(chrome, administrator, { prompt: 'none' }))['code']).toBeDefined();
    const reconsented = await authorize(chrome, administrator, { prompt: 'consent', scope: 'openid offline_access' });
    expect((await redeem(reconsented['code'])).body['refresh_token']).toBeUndefined();
  });

  it('refuses an administrator through any other client, and everybody else through the dashboard', async () => {
    const app = await identity.client({ callbacks: [callback()] });
    const refused = { error: 'access_denied', iss: `${identity.origin}/` };
    for (const scope of ['openid', 'openid read:users', 'openid update:current_user_identities.'])
      expect(await authorize(browser(), administrator, { client_id: app.client_id, scope })).toMatchObject(refused);
    const chrome = browser();
    expect(await authorize(chrome, somebody)).toMatchObject(refused);
    expect(await authorize(chrome, somebody, { prompt: 'none', scope: 'openid read:users' })).toMatchObject(refused);
    // The session of somebody else is no obstacle to an administrator who signs in over it.
    expect((await authorize(chrome, administrator, { prompt: 'login' }))['code']).toBeDefined();
  });

  it('gives everybody their one scope, through first-party clients that name it', async () => {
    const own = 'openid update:current_user_identities read:users';
    const app = await identity.client({ callbacks: [callback()] });
    const third = await identity.client({ callbacks: [callback()], is_first_party: false });
    const { code } = await authorize(browser(), somebody, { client_id: app.client_id, scope: own });
    const { body } = await redeem(code, app.client_id, callback(), app.client_secret);
    expect(decodeJwt(body['access_token'] as string)['scope']).toBe('openid update:current_user_identities');
    expect(body['expires_in']).toBe(600);
    const byDashboard = await redeem((await authorize(browser(), somebody, { scope: own }))['code']);
    expect(byDashboard.body['scope']).toBe('openid update:current_user_identities');
    const refused = await authorize(browser(), somebody, { client_id: third.client_id, scope: own });
    expect(refused['error']).toBe('access_denied');
  });

  it('answers 403 access_denied to the code of somebody who is no administrator any more', async () => {
    const { code } = await authorize(browser(), administrator);
    await identity.database.query(`update users set administrator = false where administrator`);
    const { status, body } = await redeem(code);
    expect([status, body['error']]).toEqual([403, 'access_denied']);
    await identity.database.query(`update users set administrator = true where lower(email) = lower($1)`, [
      administrator,
    ]);
  });

  it('MG-32 is over for a demoted administrator at once: token, session, and what the dashboard refreshes', async () => {
    const second = await identity.person('second@example.com');
    const at = `/users/${encodeURIComponent(second.user_id)}`;
    await identity.manage('PATCH', at, { administrator: true });
    const chrome = browser();
    const managing = await redeem((await authorize(chrome, second.email))['code']);
    const authorization = `Bearer ${managing.body['access_token'] as string}`;
    const own = { audience: `${identity.origin}/me/`, scope: 'openid offline_access' };
    const mine = await redeem((await authorize(chrome, second.email, own))['code']);
    const refresh = (token: unknown) =>
      identity.token({ grant_type: 'refresh_token', client_id: DASHBOARD_CLIENT, refresh_token: token as string });
    const rotated = await refresh(mine.body['refresh_token']);
    expect([rotated.status, (await identity.get('/api/v2/users', { authorization })).status]).toEqual([200, 200]);
    await identity.manage('PATCH', at, { administrator: false });
    expect((await identity.get('/api/v2/users', { authorization })).status).toBe(401);
    expect(await refresh(rotated.body['refresh_token'])).toMatchObject({
      ...{ status: 403, body: { error: 'invalid_grant' } },
    });
    expect(await authorize(chrome, second.email, { prompt: 'none' })).toMatchObject({ error: 'login_required' });
  });

  it('is never a target of a refresh', async () => {
    const audience = `${identity.origin}/api/v2/`;
    const policies = [{ audience, scope: ['read:users'] }];
    const settings = { rotation_type: 'non-rotating', expiration_type: 'non-expiring', policies };
    const app = await identity.client({ refresh_token: settings });
    const { refresh_token } = await identity.tokens(somebody, app);
    const { status, body } = await identity.refresh(app, refresh_token, { audience });
    expect([status, body['error']]).toEqual([400, 'invalid_target']);
  });
});
