import { Catalogue, readCallback, readRevocation, revocationRequest } from '@strongroom/providers';
import { providersFiles, startAll } from '../test/recorded.js';
import { Vault } from '../test/vault.js';
import { placeholdersOf } from './catalogue/addresses.js';
import type { Simulator } from './simulator.js';

/**
 * What must hold for every provider of the catalogue, recorded or not (`spec/providers.md` §10). Generated from the
 * data: nothing is asked for by name.
 */

const { providers } = Catalogue.load(providersFiles);

let simulator: Simulator;
let catalogue: Catalogue;
beforeAll(async () => ({ simulator, catalogue } = await startAll()));
afterAll(() => simulator.close());

/** A connection to it, as the simulator says one must be made. */
async function vaultOf(id: string, settings: object = {}): Promise<Vault> {
  const described = (await (await fetch(`${simulator.origin}/_control/${id}`)).json()) as {
    connectionOptions: Record<string, unknown>;
  };
  const vault = new Vault(simulator, catalogue, id, described.connectionOptions);
  await vault.register(settings);
  return vault;
}

const ids = [...providers.keys()];
const refreshable = ids.filter((id) => providers.get(id)!.entry.refresh.mode !== 'none');

/** Connected, with what a refresh needs. */
async function connected(id: string, settings: object = {}) {
  const vault = await vaultOf(id, settings);
  const { tokens, identity, captured } = await vault.connect();
  const resolved = await vault.resolved({ ...extrasOf(tokens.extras), ...captured });
  const refreshToken = tokens.refreshToken!;
  return {
    vault,
    tokens,
    identity,
    captured,
    resolved,
    refresh: (token = refreshToken, secret?: string) => vault.refresh(resolved, token, tokens.scopes, secret),
  };
}

const extrasOf = (extras: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(extras).map(([name, value]) => [name, String(value)]));

describe.each(ids)('%s in play', (id) => {
  it('tells who people are: two people are two accounts, and a person stays the same one', async () => {
    const vault = await vaultOf(id);
    const first = await vault.connect();
    const again = await vault.connect();
    // Nothing says who people are where a connection has yet to say how to tell.
    if (providers.get(id)!.entry.identity.subject.length === 0 && first.identity.subject === null) return;
    expect(first.identity.subject).toBeTruthy();
    expect(again.identity).toEqual(first.identity);
    await vault.control('PATCH', '', { person: 'person-2' });
    const other = await vault.connect();
    // An account that is a place, and not a person, is the same for everybody who signs in there.
    const isPlace = placeOf(id);
    expect(other.identity.subject === first.identity.subject).toBe(isPlace);
    expect(await vault.reads(again.tokens.accessToken)).toBe(200);
  });

  it('takes a code once, from where it was sent, and refuses in its own words', async () => {
    const vault = await vaultOf(id);
    const resolved = await vault.resolved();
    const callback = readCallback(resolved, await vault.browse(await vault.address(resolved)));
    if (callback.outcome !== 'code') throw new Error('no code');
    const known = await vault.resolved(callback.captured);
    const redeem = (code: string, more: object = {}) => vault.token(known, 'exchange', { code, asked: [], ...more });
    if (hasSecret(id))
      expect(await redeem(callback.code, { clientSecret: 'cnry_wrong' })).toMatchObject({ class: 'client_config' });
    expect(await redeem('cnry_code_of_nobody')).toMatchObject({ class: 'restart_flow' });
    expect(await redeem(callback.code)).toMatchObject({ outcome: 'tokens' });
    expect(await redeem(callback.code)).toMatchObject({ class: 'restart_flow' });
  });

  it('says how long to wait, in its own header and unit', async () => {
    const vault = await vaultOf(id, { rateLimit: { calls: 0, windowSeconds: 3600 } });
    const resolved = await vault.resolved(await capturedBy(vault));
    const limited = await vault.token(resolved, 'exchange', { code: 'cnry_code', asked: [] });
    expect(limited).toMatchObject({ class: 'rate_limited', retryAfter: expect.any(Number) });
    const { retryAfter } = limited as { retryAfter: number };
    expect(retryAfter).toBeGreaterThan(3000);
    // An instant is told in whole seconds, and read in whole seconds again.
    expect(retryAfter).toBeLessThanOrEqual(3601);
  });

  it('says how long a token lives, wherever it says such things', async () => {
    const vault = await vaultOf(id, { accessTokenSeconds: 7200 });
    const { paths } = catalogue.providers.get(id)!.entry.tokenResponse;
    if (paths.expiresIn.length + paths.expiresAt.length === 0) return;
    const { expiresAt } = (await vault.connect()).tokens;
    const seconds = (expiresAt!.getTime() - Date.now()) / 1000;
    expect(seconds).toBeGreaterThan(7000);
    expect(seconds).toBeLessThanOrEqual(7201);
  });

  it('ends what a revocation ends, and says so when it was gone', async () => {
    const { vault, tokens, resolved } = await connected(id);
    const held = { accessToken: tokens.accessToken, refreshToken: tokens.refreshToken };
    const [request] = revocationRequest(resolved, held, vault.given.clientSecret);
    if (!request) return;
    const revoke = async () => readRevocation(resolved, await vault.send(request), new Date());
    expect(await revoke()).toMatchObject({ outcome: 'revoked' });
    const { token } = resolved.entry.revocation;
    const presented = token === 'access' || held.refreshToken === null ? held.accessToken : held.refreshToken;
    expect(await vault.isAlive(presented)).toBe(false);
    expect((await revoke()).outcome).not.toBe('failed');
  });

  it('refuses a browser that comes with another redirect URI, and a wrong issuer is noticed', async () => {
    const vault = await vaultOf(id, { iss: 'wrong' });
    const resolved = await vault.resolved();
    const url = new URL(await vault.address(resolved));
    const read = readCallback(resolved, await vault.browse(url.href));
    const { iss } = resolved.entry.authorization;
    if (resolved.endpoints.issuer !== undefined && iss !== 'ignore')
      expect(read).toEqual({ outcome: 'refused', reason: 'iss_mismatch' });
    // Of a pushed request the browser carries nothing that it could change.
    if (resolved.requiresPush) return;
    url.searchParams.set('redirect_uri', 'https://vault.example/connect/callback/other');
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(400);
  });

  it('prints no secret', async () => {
    const { vault, tokens } = await connected(id);
    const journal = await (await fetch(`${simulator.origin}/${id}/_journal`)).text();
    expect(journal).toContain('"exchange"');
    const secrets = [
      vault.given.clientSecret,
      vault.given.codeVerifier,
      tokens.accessToken,
      tokens.refreshToken ?? 'cnry_',
    ];
    for (const secret of secrets) {
      expect(journal).not.toContain(secret);
      expect(journal).not.toContain(encodeURIComponent(secret));
    }
    expect(journal).not.toMatch(/cnry_/);
  });
});

describe.each(refreshable)('refreshes at %s', (id) => {
  const { entry } = providers.get(id)!;

  it('keep the person', async () => {
    const { vault, identity, captured, resolved, refresh, tokens } = await connected(id);
    const refreshed = await refresh();
    if (refreshed.outcome !== 'tokens') throw new Error(JSON.stringify(refreshed));
    expect(await vault.reads(refreshed.accessToken)).toBe(200);
    expect(await vault.reads(tokens.accessToken)).toBe(entry.refresh.invalidatesAccessToken ? 401 : 200);
    const after = await vault.account(
      resolved,
      { ...refreshed, idToken: null, raw: tokens.raw },
      captured,
      tokens.idToken,
    );
    expect(after.identity.subject).toBe(identity.subject);
  });

  it('are refused in its own words: dead, wrong secret, too many', async () => {
    const { vault, refresh } = await connected(id);
    if (hasSecret(id)) expect(await refresh(undefined, 'cnry_wrong')).toMatchObject({ class: 'client_config' });
    await vault.control('PATCH', '', { rateLimit: { calls: 0, windowSeconds: 20 } });
    expect(await refresh()).toMatchObject({ class: 'rate_limited', retryAfter: expect.any(Number) });
    await vault.control('PATCH', '', { rateLimit: null });
    await vault.control('POST', 'revoke');
    expect(await refresh()).toMatchObject({ class: 'reconnect' });
    expect(await vault.control('GET', 'state')).toMatchObject({ callsAfterDeath: expect.any(Number) });
  });

  it('lose nothing in an outage', async () => {
    const { vault, refresh } = await connected(id);
    const outages = [
      { status: 503, html: '' },
      { status: 500, html: '<h1>Sorry</h1>' },
      { status: 429, body: {} },
      { html: '<h1>Sign in</h1>' },
      { status: 200, html: '' },
      { redirect: 'https://elsewhere.example/' },
    ];
    for (const outage of outages) {
      await vault.control('POST', 'faults', outage);
      const read = await refresh();
      expect(['retry', 'rate_limited', 'malformed']).toContain(read.outcome === 'error' && read.class);
    }
    expect(await refresh()).toMatchObject({ outcome: 'tokens' });
  });

  it('recover from a lost answer where the entry says so, and else end', async () => {
    const { vault, refresh } = await connected(id);
    const rotates = entry.refresh.mode !== 'static';
    await vault.control('PATCH', '', { refresh: { rotate: rotates ? 'always' : 'never' } });
    await vault.control('POST', 'faults', { phase: 'refresh', dropAfterCommit: true });
    await expect(refresh()).rejects.toThrow();
    const again = await refresh();
    const isEnded = again.outcome === 'error' && again.class === 'reconnect';
    expect(isEnded).toBe(entry.refresh.onAmbiguous === 'retry-once' && rotates);
    expect(await vault.control('GET', 'state')).toMatchObject({ presentationsOfReplaced: rotates ? 1 : 0 });
  });
});

/** What a callback would have brought, for a call that is made without one. */
const capturedBy = async (vault: Vault): Promise<Record<string, string>> => {
  const resolved = await vault.resolved();
  const callback = readCallback(resolved, await vault.browse(await vault.address(resolved)));
  return callback.outcome === 'code' ? callback.captured : {};
};

const hasSecret = (id: string): boolean =>
  providers.get(id)!.entry.clientAuth.methods.some((one) => /secret/.test(one));

/** Its subject is a value of its own address. */
function placeOf(id: string): boolean {
  const { identity, endpoints } = providers.get(id)!.entry;
  const names = placeholdersOf(endpoints.authorization ?? '');
  return [identity.subject[0] ?? []].flat().some((source) => names.some((name) => source === `callback#/${name}`));
}
