import { Egress } from '@strongroom/egress';
import {
  type Catalogue,
  identityRequest,
  IdTokenRefusedError,
  pushedAuthorizationRequest,
  pushedUrl,
  readIdentityAnswer,
  readPushedAnswer,
  readTokenAnswer,
  revocationRequest,
  tokenRequest,
} from '@strongroom/providers';
import { fixtures, Recorded, startAll } from '../test/recorded.js';
import { Vault } from '../test/vault.js';
import type { Simulator } from './simulator.js';

/** What a request must have, on two providers of odd habits (`test/odd`). */
const NESTED = 'nested-odd';
const PLACED = 'placed-odd';
const QUIET = 'quiet-odd';

describe('a provider of the catalogue is strict', () => {
  let simulator: Simulator;
  let catalogue: Catalogue;
  beforeAll(async () => ({ simulator, catalogue } = await startAll()));
  afterAll(() => simulator.close());

  const recorded = (id: string) => new Recorded(simulator, catalogue, id, fixtures[id]!);

  /** A code and the request that would redeem it; `change` spoils it. */
  async function redeem(
    id: string,
    change: (request: { method: string; headers: Record<string, string>; body: string; url: string }) => void,
  ) {
    const play = recorded(id);
    const vault = await play.vault();
    const resolved = await vault.resolved();
    const query = await vault.browse(vault.authorization(resolved, play.asking).url);
    const known = await vault.resolved(query);
    const code = query[resolved.entry.authorization.callback.codeParam]!;
    const made = tokenRequest(known, 'exchange', {
      clientSecret: play.given.clientSecret,
      code,
      codeVerifier: play.given.codeVerifier,
      redirectUri: play.given.redirectUri,
    });
    const request = {
      method: made.method as string,
      url: made.url,
      headers: { ...made.headers },
      body: String(made.body),
    };
    change(request);
    const { url, ...rest } = request;
    const answer = await fetch(url, { ...rest, ...(rest.method === 'GET' ? { body: null } : {}) });
    const body = Buffer.from(await answer.arrayBuffer());
    const headers = Object.fromEntries(answer.headers);
    return readTokenAnswer(known, 'exchange', { scopes: [] }, { status: answer.status, headers, body }, new Date());
  }
  const without = (member: string) => (request: { body: string }) => {
    const form = new URLSearchParams(request.body);
    form.delete(member);
    request.body = form.toString();
  };
  const setting = (member: string, value: string) => (request: { body: string }) => {
    const form = new URLSearchParams(request.body);
    form.set(member, value);
    request.body = form.toString();
  };
  const encoded = (text: string) => encodeURIComponent(text);

  it('takes the right request', async () => {
    expect(await redeem(NESTED, () => undefined)).toMatchObject({ outcome: 'tokens' });
    expect(await redeem(PLACED, () => undefined)).toMatchObject({ outcome: 'tokens' });
  });

  const basicOf = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const { clientId, clientSecret } = fixtures[NESTED]!.given as { clientId: string; clientSecret: string };

  it.each<[string, Parameters<typeof redeem>[1]]>([
    ['the method', (request) => (request.method = 'PUT')],
    ['the content type', (request) => (request.headers['Content-Type'] = 'text/plain')],
    [
      'a body in JSON',
      (request) =>
        Object.assign(request, {
          headers: { ...request.headers, 'Content-Type': 'application/json' },
          body: JSON.stringify(Object.fromEntries(new URLSearchParams(request.body))),
        }),
    ],
    ['a header', (request) => (request.headers['Accept'] = '*/*')],
    ['the grant type', setting('grant_type', 'refresh')],
    ['a missing grant type', without('grant_type')],
    ['a member of its own', without('kind')],
    ['another value of it', setting('kind', 'bot')],
    ['the code', setting('code', 'cnry_code_other')],
    ['the redirect URI', setting('redirect_uri', 'https://vault.example/other')],
    ['a missing redirect URI', without('redirect_uri')],
    ['the verifier', setting('code_verifier', 'cnry_verifier_other_0123456789012345678901234567')],
    ['a missing verifier', without('code_verifier')],
    ['the secret', (request) => (request.headers['Authorization'] = basicOf(clientId, 'cnry_other'))],
    [
      'an encoding of the secret that is not its own',
      (request) => (request.headers['Authorization'] = basicOf(encoded(clientId), encoded(clientSecret))),
    ],
    ['a second proof', (request) => setting('client_secret', clientSecret)(request)],
    [
      'a proof that is not accepted here',
      (request) => {
        delete request.headers['Authorization'];
        setting('client_id', clientId)(request);
        setting('client_secret', clientSecret)(request);
      },
    ],
    ['the address for refreshes', (request) => (request.url = request.url.replace('/token', '/renew'))],
  ])('notices %s', async (_, change) => {
    const read = await redeem(NESTED, change);
    expect(read.outcome).toBe('error');
    expect(simulator.received(NESTED).at(-1)?.phase).toMatch(/exchange|refresh/);
  });

  it('tells an account only to who asks with its headers and its body', async () => {
    const play = recorded(NESTED);
    const vault = await play.vault();
    const { tokens } = await vault.connect(play.asking);
    const known = await vault.resolved({ shard: '7' });
    const request = identityRequest(known, tokens.accessToken, {})!;
    const { 'X-Shard': _, ...headers } = request.headers!;
    const told = async (change: object) =>
      readIdentityAnswer(known, await vault.send({ ...request, ...change }), new Date());
    expect(await told({})).toMatchObject({ outcome: 'document' });
    expect(await told({ headers })).toMatchObject({ class: 'bug' });
    expect(await told({ body: '{"query":"{ you }"}' })).toMatchObject({ class: 'bug' });
    const foreign = { ...request.headers, Authorization: 'Bearer cnry_at_x' };
    expect(await told({ headers: foreign })).toMatchObject({ class: 'reconnect' });
  });

  it('wants the redirect URI again on a refresh where its entry says so', async () => {
    const play = recorded(PLACED);
    const vault = await play.vault();
    const { tokens, captured } = await vault.connect(play.asking);
    const known = await vault.resolved(captured, true);
    const refresh = async (redirectUri?: string) => {
      const request = tokenRequest(known, 'refresh', {
        clientSecret: play.given.clientSecret,
        refreshToken: tokens.refreshToken!,
        ...(redirectUri ? { redirectUri } : {}),
      });
      return readTokenAnswer(known, 'refresh', { scopes: [] }, await vault.send(request), new Date());
    };
    expect(await refresh()).toMatchObject({ outcome: 'error' });
    expect(await refresh('https://vault.example/other')).toMatchObject({ outcome: 'error' });
    expect(await refresh(play.given.redirectUri)).toMatchObject({ outcome: 'tokens' });
  });

  it.each<[string, (query: URLSearchParams) => void, string]>([
    ['no challenge', (query) => query.delete('code_challenge'), 'invalid_request'],
    ['a plain challenge', (query) => query.set('code_challenge_method', 'plain'), 'invalid_request'],
    ['a missing parameter of its own', (query) => query.delete('mode'), 'invalid_request'],
    ['scopes joined by a blank', (query) => query.set('scope', 'me notes.read'), 'invalid_scope'],
    ['another response type', (query) => query.set('response_type', 'token'), 'unsupported_response_type'],
  ])('sends a browser back with an error for %s', async (_, change, error) => {
    const play = recorded(NESTED);
    const vault = await play.vault();
    const url = new URL(vault.authorization(await vault.resolved(), play.asking).url);
    change(url.searchParams);
    expect((await vault.visit(url.href)).get('error')).toBe(error);
  });

  it('gives no refresh token to who does not ask for one', async () => {
    const play = recorded(PLACED);
    const vault = await play.vault();
    expect((await vault.connect({ ...play.asking, offline: false })).tokens.refreshToken).toBeNull();
  });

  it.each(['wrongAud', 'wrongNonce', 'wrongIss', 'expired', 'unknownKid'])(
    'signs an ID token that is %s',
    async (idToken) => {
      const vault = await quiet({ idToken });
      await expect(vault.connect()).rejects.toThrow(IdTokenRefusedError);
      await vault.control('PATCH', '', { idToken: 'right' });
      expect((await vault.connect()).identity.subject).toMatch(/^t-\d{4}:/);
    },
  );

  it('takes pushed requests, each once, and no others where it demands them', async () => {
    const vault = await quiet({ requirePushedAuthorization: true });
    const resolved = await vault.resolved();
    expect(resolved.requiresPush).toBe(true);
    const { url, members } = vault.authorization(resolved);
    expect((await vault.visit(url)).get('error')).toBe('invalid_request');
    const answer = await vault.send(pushedAuthorizationRequest(resolved, members, vault.given.clientSecret));
    const pushed = readPushedAnswer(resolved, answer, new Date());
    if (pushed.outcome !== 'pushed') throw new Error('not pushed');
    expect((await vault.visit(pushedUrl(resolved, pushed.requestUri))).get('code')).toMatch(/^cnry_code_/);
    expect((await fetch(pushedUrl(resolved, pushed.requestUri), { redirect: 'manual' })).status).toBe(400);
    const wrong = await vault.send(pushedAuthorizationRequest(resolved, members, 'cnry_other'));
    expect(wrong.status).toBe(401);
  });

  it('repeats a token in a refusal, and is still read as the same', async () => {
    const play = recorded(NESTED);
    const vault = await play.vault({ echoSecret: true });
    const { tokens, captured } = await vault.connect(play.asking);
    await vault.control('POST', 'revoke');
    const known = await vault.resolved(captured, true);
    const refused = await vault.refresh(known, tokens.refreshToken!, ['me']);
    expect(refused).toMatchObject({ outcome: 'error', class: 'reconnect' });
    expect(JSON.stringify(refused)).not.toContain(tokens.refreshToken);
  });

  it('shows its own words for permissions on the page', async () => {
    const id = [...catalogue.providers.values()].find(
      ({ entry }) => entry.scopes.length > 3 && entry.authorization.scopeParam !== '',
    )!.id;
    const { entry } = catalogue.providers.get(id)!;
    const { value, label } = entry.scopes[0]!;
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: 'simulated-client',
      redirect_uri: 'https://app.example/',
      [entry.authorization.scopeParam]: value,
      ...entry.authorization.params,
    });
    const address = (simulator.overlay.providers[id] as { endpoints: { authorization: string } }).endpoints
      .authorization;
    const page = await (await fetch(`${address}?${query.toString()}`)).text();
    expect(page).toContain(label.replaceAll("'", '&#39;'));
    expect(page).toContain(catalogue.providers.get(id)!.name);
    expect(page).not.toMatch(/<script/i);
  });

  it('has a method for each address', async () => {
    const play = recorded(NESTED);
    const vault = await play.vault();
    const { tokens } = await vault.connect(play.asking);
    const known = await vault.resolved({ shard: '7' });
    const asked = identityRequest(known, tokens.accessToken, {})!;
    const answer = await vault.send({ ...asked, method: 'PUT' });
    expect(readIdentityAnswer(known, answer, new Date())).toMatchObject({ class: 'bug' });
    const [revocation] = revocationRequest(known, tokens, play.given.clientSecret);
    await vault.send({ ...revocation!, method: 'POST' });
    expect(await vault.isAlive(tokens.refreshToken!)).toBe(true);
  });

  it('is out of reach of a vault that was not given its origin', async () => {
    await expect(
      new Egress({ allow: [] }).request({ method: 'GET', url: `${simulator.origin}/${NESTED}/_api/me` }),
    ).rejects.toThrow();
  });

  async function quiet(settings: object): Promise<Vault> {
    const vault = new Vault(simulator, catalogue, QUIET, { host: 'quiet.example', org: 't-1234' });
    await vault.register(settings);
    return vault;
  }
});
