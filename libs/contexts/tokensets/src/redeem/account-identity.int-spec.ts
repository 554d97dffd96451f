import { readCallback } from '@strongroom/providers';
import type { JWTPayload } from 'jose';
import { Bench, refusal } from '../../test/bench.js';
import { HttpsWorld } from '../../test/https-world.js';
import { madeUpCatalogue } from '../../test/made-up-catalogue.js';
import { Connections } from '../connections.js';

const CLIENT = { client_id: 'upstream-client' };

describe('the account that a code leads to', () => {
  let world: HttpsWorld;
  let bench: Bench;

  beforeAll(async () => {
    world = await HttpsWorld.start([]);
    const url = (path: string) => world.at('idp.example', path);
    const openid = { authorization: url('/authorize'), token: url('/token'), jwks: url('/keys') };
    const catalogue = await madeUpCatalogue({
      workspace: {
        extends: 'oidc',
        params: { domain: { pattern: '^[a-z.]+$', required: true } },
        endpoints: { ...openid, issuer: world.server.url },
        identity: { requireClaims: { '/hd': '{domain}' } },
      },
      tenants: {
        extends: 'oidc',
        params: { tid: { pattern: '^[a-z]+$', source: 'id_token' } },
        endpoints: { ...openid, issuer: url('/{tid}/v2') },
        identity: { issuerFrom: 'id_token#/iss' },
      },
      'keys-away': {
        extends: 'oidc',
        endpoints: { ...openid, issuer: world.server.url, jwks: url('/keys-away') },
      },
      graph: {
        endpoints: { authorization: url('/authorize'), token: url('/token') },
        identity: {
          request: {
            method: 'POST',
            url: url('/graph/{accessToken}'),
            headers: { 'Content-Type': 'application/json', 'X-Region': '{region}' },
            body: { query: '{ viewer { id } }' },
          },
          subject: ['request#/data/viewer/id'],
        },
        tokenResponse: { extras: { region: '/region' } },
      },
      captures: {
        endpoints: { authorization: url('/authorize'), token: url('/token') },
        authorization: { callback: { capture: ['acct', 'plan'] } },
        identity: { request: { url: url('/{acct}/me') }, subject: ['request#/id'] },
      },
      regional: {
        params: { region: { pattern: '^[a-z]+$', source: 'callback', required: true } },
        endpoints: { authorization: url('/authorize'), token: url('/{region}/token') },
        identity: { subject: ['callback#/region'] },
      },
      plain: {
        endpoints: { authorization: url('/authorize'), token: url('/token') },
        identity: { subject: ['token#/user'] },
        whenRefreshable: 'rotating',
        scopes: [
          { value: 'mail', label: 'read mail', keywords: [], same: ['mail.full'] },
          { value: 'files', label: 'read files', keywords: [], includes: ['files.names'] },
        ],
      },
      rotating: {
        endpoints: { authorization: url('/authorize'), token: url('/token') },
        identity: { subject: ['token#/account'] },
        refresh: { mode: 'rotating' },
      },
    });
    bench = await Bench.start({}, { egress: world.egress, catalogue });
  });
  afterAll(async () => {
    await bench.stop();
    await world.stop();
  });
  beforeEach(() => {
    world.server.calls.length = 0;
  });

  const asked = async (strategy: string, options: Record<string, unknown> = {}, personId = bench.person()) => {
    const connectionId = await bench.connection({}, { strategy, options: { ...CLIENT, ...options } });
    return bench.redeemRequest(personId, connectionId, { nonce: 'n' });
  };
  const issueIdToken = async (claims: JWTPayload) => {
    const id_token = await world.server.idToken({ sub: 'ann', nonce: 'n', ...claims });
    world.issue(() => ({ id_token }));
  };
  const pending = async (sessionId: string) =>
    (await bench.sql.query('SELECT FROM pending_redeems WHERE session_id = $1', [sessionId])).rowCount;

  it('is refused where a claim is not what the connection admits, and nothing is kept', async () => {
    await issueIdToken({ hd: 'other.example' });
    const request = await asked('workspace', { domain: 'corp.example' });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({
      code: 'redeem_refused',
      message: expect.stringContaining('another account'),
    });
    expect(await pending(request.sessionId)).toBe(0);
    expect(await bench.vault.list(request.personId)).toEqual([]);
  });

  it('is admitted where the claim is', async () => {
    await issueIdToken({ hd: 'corp.example' });
    const request = await asked('workspace', { domain: 'corp.example' });
    expect(await bench.vault.redeem(request)).toMatchObject({ reconnected: false });
  });

  it.each<[string, JWTPayload]>([
    ['another nonce', { nonce: 'm' }],
    ['another client', { aud: 'somebody' }],
    ['another issuer', { iss: 'https://other.example' }],
  ])('P3 is refused where the ID token is for %s', async (_, claims) => {
    await issueIdToken({ hd: 'corp.example', ...claims });
    const request = await asked('workspace', { domain: 'corp.example' });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'redeem_refused' });
    expect(await pending(request.sessionId)).toBe(0);
  });

  it('is another for each issuer of one connection, and keeps the part of it that its tokens say', async () => {
    const connectionId = await bench.connection({}, { strategy: 'tenants', options: CLIENT });
    const redeem = async (tid: string) => {
      await issueIdToken({ tid, iss: world.at('idp.example', `/${tid}/v2`) });
      return bench.vault.redeem(await bench.redeemRequest(bench.person(), connectionId, { nonce: 'n' }));
    };
    const [first, second] = [await redeem('one'), await redeem('two')];
    expect(second.accountId).not.toBe(first.accountId);
    expect(await bench.row(first)).toMatchObject({
      provider_issuer: world.at('idp.example', '/one/v2'),
      provider_params: { tid: 'one' },
    });
    expect(await refusal(redeem('one'))).toMatchObject({ code: 'account_conflict' });
  });

  it('P3 is refused where the claim and the issuer are of two tenants', async () => {
    await issueIdToken({ tid: 'one', iss: world.at('idp.example', '/two/v2') });
    expect(await refusal(bench.vault.redeem(await asked('tenants')))).toMatchObject({ code: 'redeem_refused' });
  });

  it('is read with the request of its entry, extras of the answer filled in', async () => {
    world.issue(() => ({ region: 'eu' }));
    world.server.routes['/graph/cnry_at_1'] = () => ({ status: 200, body: { data: { viewer: { id: 7 } } } });
    const { tokensetId } = await bench.vault.redeem(await asked('graph'));
    expect(await bench.row({ tokensetId })).toMatchObject({ provider_subject: '7', provider_params: { region: 'eu' } });
    const [, identity] = world.server.calls;
    expect(identity).toMatchObject({ body: '{"query":"{ viewer { id } }"}', headers: { 'x-region': 'eu' } });
  });

  it('M8 is read at an address that the callback tells a part of, which stays one segment of it', async () => {
    world.issue();
    const me = '/a%2Fb%3Fc/me';
    world.server.routes[me] = () => ({ status: 200, body: { id: 9 } });
    const request = { ...(await asked('captures')), captured: { acct: 'a/b?c', plan: 'x', other: 'y' } };
    const { tokensetId } = await bench.vault.redeem(request);
    expect(world.server.calls.map(({ path }) => path)).toEqual(['/token', me]);
    expect(await bench.row({ tokensetId })).toMatchObject({ provider_subject: '9' });
    expect((await bench.row({ tokensetId }))?.provider_params).toEqual({ acct: 'a/b?c' });
    await bench.expire({ tokensetId });
    expect(await bench.token(request)).toMatchObject({ refreshed: true });
  });

  it('M9 has its code redeemed where the callback says, without the param being named as captured too', async () => {
    world.issue();
    world.server.routes['/eu/token'] = world.server.routes['/token']!;
    const request = await asked('regional');
    const connection = await bench.app.get(Connections).now(request.connectionId);
    const callback = readCallback(connection!.provider({}), { code: 'cnry_code', state: 's', region: 'eu' });
    const { captured } = callback as Extract<typeof callback, { outcome: 'code' }>;
    const { tokensetId } = await bench.vault.redeem({ ...request, captured, params: { region: 'eu' } });
    expect(world.server.calls.map(({ path }) => path)).toEqual(['/eu/token']);
    expect(await bench.row({ tokensetId })).toMatchObject({ provider_params: { region: 'eu' } });
  });

  it('is asked for again where the provider does not know its own token yet', async () => {
    world.issue(() => ({ region: 'eu' }));
    let refusals = 2;
    world.server.routes['/graph/cnry_at_1'] = () =>
      refusals-- > 0 ? { status: 401, body: {} } : { status: 200, body: { data: { viewer: { id: 8 } } } };
    expect(await bench.vault.redeem(await asked('graph'))).toMatchObject({ reconnected: false });
  });

  it('waits sealed while its keys cannot be had', async () => {
    await issueIdToken({});
    const request = await asked('keys-away');
    world.server.routes['/keys-away'] = () => ({ status: 503, body: {} });
    expect(await refusal(bench.vault.redeem(request))).toMatchObject({ code: 'identity_pending', status: 503 });
    world.server.routes['/keys-away'] = world.server.routes['/keys']!;
    expect(await bench.vault.redeem(request)).toMatchObject({ reconnected: false });
    expect(world.server.calls.filter(({ path }) => path === '/token')).toHaveLength(1);
  });

  it('without a subject is refused, whatever else is known', async () => {
    world.issue();
    expect(await refusal(bench.vault.redeem(await asked('plain')))).toMatchObject({ code: 'missing_user_id' });
  });

  it('has what was granted under another spelling, and is told what was not', async () => {
    world.issue(() => ({ account: 'a1', scope: 'MAIL.full files' }));
    const request = { ...(await asked('plain')), scopesAsked: ['mail', 'files.names', 'calendar'] };
    expect(await bench.vault.redeem(request)).toMatchObject({ missingScopes: ['calendar'] });
  });

  it('follows the entry for those that came with a refresh token', async () => {
    world.issue(() => ({ user: 'u2', account: 'a2' }));
    const request = await asked('plain');
    const { tokensetId } = await bench.vault.redeem(request);
    expect(await bench.row({ tokensetId })).toMatchObject({ provider_subject: 'a2' });
    await bench.expire({ tokensetId });
    // A rotating provider that brings no new refresh token says nothing that can be kept.
    world.issue(() => ({ user: 'u2', refresh_token: undefined }));
    await expect(bench.token(request)).rejects.toMatchObject({ status: 503 });
    expect(await bench.row({ tokensetId })).toMatchObject({ status: 'active', cred_version: 1 });
  });
});
