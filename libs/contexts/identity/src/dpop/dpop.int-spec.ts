import { randomUUID } from 'node:crypto';
import type { VaultError } from '@strongroom/errors';
import { RedisConnection, RedisReplayStore } from '@strongroom/locking';
import { createLogger } from '@strongroom/observability';
import { decodeJwt, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { type AuthorizationApp, ROTATING, startAuthorization, startIdentity } from '../../test/authorization-app.js';
import { now, ProofKey } from '../../test/proofs.js';
import { masterKeys } from '../../test/registry-app.js';

describe('proof of possession', () => {
  let identity: AuthorizationApp;
  let client: { client_id: string; client_secret: string };
  let things: { client_id: string; client_secret: string };
  let key: ProofKey;
  let other: ProofKey;
  const keys = masterKeys();
  const email = 'someone@example.com';
  const forThings = { audience: 'things', scope: 'openid offline_access read:things' };

  beforeAll(async () => {
    identity = await startIdentity(keys);
    client = await identity.client();
    await identity.userGrant(client);
    things = await identity.api('things');
    await identity.person(email);
    await identity.manage('POST', '/client-grants', {
      ...{ client_id: client.client_id, audience: 'things', scope: ['read:things'] },
    });
    [key, other] = await Promise.all([ProofKey.create(), ProofKey.create()]);
  });
  afterAll(() => identity?.stop());

  const tokenUrl = () => `${identity.origin}/oauth/token`;
  const proofOf = async (by: ProofKey, claims: Record<string, unknown> = {}) => ({
    dpop: await by.proof({ url: tokenUrl(), claims }),
  });
  const bound = async (params: Record<string, string> = forThings) =>
    identity.tokens(email, client, params, await proofOf(key));
  const machine = (headers: Record<string, string>) =>
    identity.token({ grant_type: 'client_credentials', ...client, audience: 'things' }, headers);
  const refusedProof = [400, 'invalid_dpop_proof'];

  it.each(['ES256', 'PS256', 'RS256', 'EdDSA'])('binds what a code gives to a key of %s', async (alg) => {
    const made = await ProofKey.create(alg);
    const signed = await identity.authorize(identity.browser(), email, client, forThings);
    const { status, body } = await identity.redeem(client, signed, await proofOf(made));
    expect([status, body['token_type']]).toEqual([200, 'DPoP']);
    expect(decodeJwt(body['access_token'] as string)['cnf']).toEqual({ jkt: made.jkt });
  });

  it('ID-20 binds a confidential client\u2019s refresh token: the same key or nothing', async () => {
    const { refresh_token } = await bound();
    for (const headers of [{}, await proofOf(other)]) {
      const { status, body } = await identity.refresh(client, refresh_token, {}, headers);
      expect([status, body['error']]).toEqual(refusedProof);
    }
    const { status, body } = await identity.refresh(client, refresh_token, {}, await proofOf(key));
    expect([status, body['token_type']]).toEqual([200, 'DPoP']);
    expect(decodeJwt(body['access_token'] as string)['cnf']).toEqual({ jkt: key.jkt });
  });

  it('hands the binding on to the successor of a rotating token', async () => {
    const rotator = await identity.client(ROTATING);
    const first = await identity.tokens(email, rotator, {}, await proofOf(key));
    const stolen = await identity.refresh(rotator, first.refresh_token, {}, await proofOf(other));
    expect([stolen.status, stolen.body['error']]).toEqual(refusedProof);
    const next = await identity.refresh(rotator, first.refresh_token, {}, await proofOf(key));
    expect(next.status).toBe(200);
    const again = await identity.refresh(rotator, next.body['refresh_token'] as string);
    expect([again.status, again.body['error']]).toEqual(refusedProof);
  });

  it('gives a machine a bound token, and an unbound one where no proof was sent', async () => {
    const { body } = await machine(await proofOf(key));
    expect(body['token_type']).toBe('DPoP');
    expect(decodeJwt(body['access_token'] as string)['cnf']).toEqual({ jkt: key.jkt });
    expect((await machine({})).body['token_type']).toBe('Bearer');
  });

  it('X6 and ID-20 lets one of 50 uses of one proof through', async () => {
    const proof = await proofOf(key);
    const answers = await Promise.all(Array.from({ length: 50 }, () => machine(proof)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const { status, body } of answers) if (status !== 200) expect([status, body['error']]).toEqual(refusedProof);
  });

  it('X6 refuses a proof used before and leaves the code that came with it', async () => {
    const proof = await proofOf(key);
    expect((await machine(proof)).status).toBe(200);
    const signed = await identity.authorize(identity.browser(), email, client, forThings);
    const replayed = await identity.redeem(client, signed, proof);
    expect([replayed.status, replayed.body['error']]).toEqual(refusedProof);
    expect((await identity.redeem(client, signed, await proofOf(key))).status).toBe(200);
  });

  it('X6 and ID-20 refuses each wrong member, and 61 seconds either way', async () => {
    const { privateJwk } = key;
    const hmac = new TextEncoder().encode('cnry_key_of_32_bytes_for_an_hmac');
    const symmetric = { kty: 'oct', k: Buffer.from(hmac).toString('base64url') } as JWK;
    const said = () => ({ jti: randomUUID(), htm: 'POST', htu: tokenUrl(), iat: now() });
    const wrong: Record<string, string> = {
      htm: await key.proof({ url: tokenUrl(), method: 'GET' }),
      htu: await key.proof({ url: `${identity.origin}/userinfo` }),
      'htu elsewhere': await key.proof({ url: 'https://elsewhere.example/oauth/token' }),
      'htu missing': (await proofOf(key, { htu: undefined })).dpop,
      'htu doubled': (await proofOf(key, { htu: [tokenUrl()] })).dpop,
      'iat early': (await proofOf(key, { iat: now() - 61 })).dpop,
      'iat late': (await proofOf(key, { iat: now() + 63 })).dpop,
      'iat missing': (await proofOf(key, { iat: undefined })).dpop,
      'jti missing': (await proofOf(key, { jti: undefined })).dpop,
      'jti empty': (await proofOf(key, { jti: '' })).dpop,
      'nonce that nobody gave': (await proofOf(key, { nonce: 'cnry_nonce' })).dpop,
      'nonce that is no text': (await proofOf(key, { nonce: 7 })).dpop,
      ended: (await proofOf(key, { exp: now() - 5 })).dpop,
      typ: await key.proof({ url: tokenUrl(), header: { typ: 'JWT' } }),
      'private key inside': await key.proof({ url: tokenUrl(), header: { jwk: privateJwk } }),
      'another key inside': await key.proof({ url: tokenUrl(), header: { jwk: other.publicJwk } }),
      'no key inside': await key.proof({ url: tokenUrl(), header: { jwk: undefined } }),
      'alg none': new UnsecuredJWT(said()).encode(),
      'alg HS256': await new SignJWT(said())
        .setProtectedHeader({
          alg: 'HS256',
          typ: 'dpop+jwt',
          jwk: symmetric,
        })
        .sign(hmac),
      'crit unknown': await key.proof({ url: tokenUrl(), header: { crit: ['unknown'], unknown: true } }),
      'two of them': `${(await proofOf(key)).dpop}, ${(await proofOf(key)).dpop}`,
      'no JWT': 'cnry_no_proof',
      empty: '',
    };
    for (const [what, dpop] of Object.entries(wrong)) {
      const { status, body } = await machine({ dpop });
      expect([what, status, body['error']]).toEqual([what, ...refusedProof]);
    }
    for (const iat of [now() - 58, now() + 58]) expect((await machine(await proofOf(key, { iat }))).status).toBe(200);
    const spelled = `${tokenUrl().replace('http:', 'HTTP:')}?a=b#c`; // query and fragment do not count (RFC 9449 §4.3)
    expect((await machine({ dpop: await key.proof({ url: spelled }) })).status).toBe(200);
  });

  it('holds a code to the key that its authorization named', async () => {
    const asked = { ...forThings, dpop_jkt: key.jkt };
    const sign = () => identity.authorize(identity.browser(), email, client, asked);
    expect((await identity.redeem(client, await sign(), await proofOf(other))).status).toBe(400);
    expect((await identity.redeem(client, await sign())).status).toBe(400);
    const { status, body } = await identity.redeem(client, await sign(), await proofOf(key));
    expect([status, body['token_type']]).toEqual([200, 'DPoP']);
  });

  it('gives a client and an API that want bound tokens no others', async () => {
    const strict = await identity.client({ require_proof_of_possession: true });
    const signed = await identity.authorize(identity.browser(), email, strict);
    const without = await identity.redeem(strict, signed);
    expect([without.status, without.body['error']]).toEqual(refusedProof);
    expect((await identity.redeem(strict, signed, await proofOf(key))).status).toBe(200);

    await identity.api('strict-things', { proof_of_possession: { mechanism: 'dpop', required: true } });
    const asked = { ...forThings, audience: 'strict-things' };
    const sign = () => identity.authorize(identity.browser(), email, client, asked);
    const unbound = await identity.redeem(client, await sign());
    expect([unbound.status, unbound.body['error'], unbound.body['access_token']]).toEqual([...refusedProof, undefined]);
    expect((await identity.redeem(client, await sign(), await proofOf(key))).body['token_type']).toBe('DPoP');
  });

  describe('at our own APIs', () => {
    const me = () => `${identity.origin}/me/`;
    const at = () => `${me()}v1/connected-accounts/accounts`;
    const scope = 'openid offline_access read:me:connected_accounts';
    const check = async (authorization: string, dpop: string | null) =>
      identity.bearer.check('my-account', { authorization, dpop, method: 'GET', url: at() });
    const refused = { status: 401, code: 'invalid_token' };

    it('X6 and EX-19 a bound token wants the scheme DPoP and a proof of its own', async () => {
      const { access_token: token } = await bound({ audience: me(), scope });
      const { access_token: second } = await bound({ audience: me(), scope });
      const proof = (more: object = {}, by = key) =>
        by.proof({ method: 'GET', url: at(), accessToken: token, ...more });
      const good = await proof();
      expect(await check(`DPoP ${token}`, good)).toMatchObject({ jkt: key.jkt, clientId: client.client_id });
      for (const dpop of [
        good,
        null,
        await proof({}, other),
        await proof({ accessToken: undefined }),
        await proof({ accessToken: second }),
        await proof({ method: 'POST' }),
        await proof({ url: `${me()}v1/connected-accounts/connect` }),
        await proof({ claims: { iat: now() - 61 } }),
      ])
        await expect(check(`DPoP ${token}`, dpop)).rejects.toMatchObject(refused);
      for (const dpop of [null, await proof()])
        await expect(check(`Bearer ${token}`, dpop)).rejects.toMatchObject(refused);
      const { access_token: unbound } = await identity.tokens(email, client, { audience: me(), scope });
      expect(await check(`Bearer ${unbound}`, null)).toMatchObject({ jkt: null });
      await expect(check(`DPoP ${unbound}`, await proof({ accessToken: unbound }))).rejects.toMatchObject(refused);
    });

    it('X6 one of 50 at once passes', async () => {
      const { access_token: token } = await bound({ audience: me(), scope });
      const dpop = await key.proof({ method: 'GET', url: at(), accessToken: token });
      const answers = await Promise.allSettled(Array.from({ length: 50 }, () => check(`DPoP ${token}`, dpop)));
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it.each([
      ['a JWT', forThings],
      ['an opaque token', { scope: 'openid offline_access' }],
    ])('ID-17 userinfo opens %s that is bound by its proof only', async (_, params) => {
      const { access_token: token } = await bound(params);
      const url = `${identity.origin}/userinfo`;
      const dpop = await key.proof({ method: 'GET', url, accessToken: token });
      expect((await identity.get('/userinfo', { authorization: `DPoP ${token}`, dpop })).status).toBe(200);
      for (const headers of [
        { authorization: `DPoP ${token}`, dpop },
        { authorization: `DPoP ${token}` },
        { authorization: `Bearer ${token}` },
      ]) {
        const { status, headers: said } = await identity.get('/userinfo', headers as Record<string, string>);
        expect([status, said.get('www-authenticate')]).toEqual([401, expect.stringContaining('invalid_token')]);
      }
    });
  });

  it('EX-19 a bound subject is exchanged with a proof of its key, which is used up', async () => {
    const tokens = await bound();
    const refused = async (subject: string, dpop: string | null, asWhom = client) => {
      const type = subject === tokens.access_token ? 'access_token' : 'refresh_token';
      const request = identity.subject(subject, asWhom, { subjectTokenType: type, dpop });
      const error = await identity.subjects.validate(request).then(
        () => Promise.reject(new Error('was not refused')),
        (thrown: VaultError) => thrown,
      );
      return [error.status, error.code, error.details?.['reason'], error.audit?.['clientId']];
    };
    const invalid = (clientId: string) => [...refusedProof, 'dpop_invalid', clientId];

    const { dpop } = await proofOf(key);
    const byRefresh = identity.subject(tokens.refresh_token, client, { dpop });
    expect(await identity.subjects.validate(byRefresh)).toMatchObject({ clientId: client.client_id });
    for (const wrong of [dpop, null, (await proofOf(other)).dpop])
      expect(await refused(tokens.refresh_token, wrong)).toEqual(invalid(client.client_id));

    const accessToken = tokens.access_token;
    const withHash = () => key.proof({ url: tokenUrl(), accessToken });
    const type = { subjectTokenType: 'access_token' } as const;
    const byAccess = identity.subject(accessToken, things, { ...type, dpop: await withHash() });
    expect(await identity.subjects.validate(byAccess)).toMatchObject({ clientId: things.client_id });
    for (const wrong of [
      byAccess.dpop,
      null,
      (await proofOf(key)).dpop,
      await other.proof({ url: tokenUrl(), accessToken }),
    ])
      expect(await refused(accessToken, wrong, things)).toEqual(invalid(things.client_id));

    const path = '/realms/main/broker/acme/token';
    const elsewhere = async (url: string) =>
      identity.subject(accessToken, things, { ...type, path, dpop: await key.proof({ url, accessToken }) });
    const there = await elsewhere(identity.origin + path);
    expect(await identity.subjects.validate(there)).toMatchObject({ clientId: things.client_id });
    await expect(identity.subjects.validate(await elsewhere(tokenUrl()))).rejects.toThrow(/DPoP proof/);

    const unbound = await identity.tokens(email, client);
    expect(await refused(unbound.refresh_token, 'cnry_no_proof')).toEqual(invalid(client.client_id));
  });

  it('X6 and ID-20 nobody passes while nobody can say what was used: 503, and the code is still good', async () => {
    const nowhere = new RedisConnection('redis://127.0.0.1:1', createLogger('silent'));
    const { url } = identity.database.options as { url: string };
    const stopped = await startAuthorization(url, keys, identity.origin, {
      replays: new RedisReplayStore(nowhere),
    });
    try {
      const signed = await identity.authorize(identity.browser(), email, client, forThings);
      const answers = [
        await stopped.redeem(client, signed, await proofOf(key)),
        await stopped.refresh(client, (await bound()).refresh_token, {}, await proofOf(key)),
        await stopped.token({ grant_type: 'client_credentials', ...client, audience: 'things' }, await proofOf(key)),
      ];
      for (const { status, body, headers } of answers) {
        expect([status, body['error'], body['access_token']]).toEqual([503, 'temporarily_unavailable', undefined]);
        expect(headers.get('retry-after')).toBe('2');
      }
      expect((await identity.redeem(client, signed, await proofOf(key))).status).toBe(200);
    } finally {
      await stopped.stop();
      await nowhere.close();
    }
  });

  it('takes a proof for the name by which clients with certificates reach the server, where there is one', async () => {
    const { url } = identity.database.options as { url: string };
    const named = await startAuthorization(url, keys, 'https://vault.example.com', {
      settings: { clientCertificates: { areOffered: true, authorities: null } },
    });
    try {
      const proofFor = async (host: string) => ({ dpop: await key.proof({ url: `https://${host}/oauth/token` }) });
      const signed = await named.authorize(named.browser(), email, client, { scope: 'openid offline_access' });
      for (const host of ['mtls.elsewhere.example', 'other.vault.example.com']) {
        const { status, body } = await named.redeem(client, signed, await proofFor(host));
        expect([status, body['error']]).toEqual(refusedProof);
      }
      const redeemed = await named.redeem(client, signed, await proofFor('mtls.vault.example.com'));
      expect([redeemed.status, redeemed.body['token_type']]).toEqual([200, 'DPoP']);
      const token = redeemed.body['refresh_token'] as string;
      for (const host of ['vault.example.com', 'mtls.vault.example.com']) {
        const headers = await proofFor(host);
        expect((await named.refresh(client, token, {}, headers)).status).toBe(200);
        const subject = named.subject(token, client, await proofFor(host));
        expect(await named.subjects.validate(subject)).toMatchObject({ clientId: client.client_id });
      }
    } finally {
      await named.stop();
    }
  });

  it('asks for a nonce where the operator says so, in the form of each surface', async () => {
    const { url } = identity.database.options as { url: string };
    const asking = await startAuthorization(url, keys, identity.origin, {
      requireDpopNonce: true,
    });
    try {
      const ask = (headers: Record<string, string>) =>
        asking.token({ grant_type: 'client_credentials', ...client, audience: 'things' }, headers);
      const first = await ask(await proofOf(key));
      expect([first.status, first.body['error'], first.headers.get('www-authenticate')]).toEqual([
        ...[400, 'use_dpop_nonce', null],
      ]);
      expect(first.text).not.toContain('dpop_nonce":');
      const nonce = first.headers.get('dpop-nonce')!;
      expect((await ask(await proofOf(key, { nonce }))).status).toBe(200);
      expect((await ask(await proofOf(key, { nonce: 'cnry_made_up' }))).body['error']).toBe('use_dpop_nonce');
      expect((await ask(await proofOf(key, { nonce, iat: now() - 61 }))).body['error']).toBe('invalid_dpop_proof');

      const signed = await identity.authorize(identity.browser(), email, client, forThings);
      const redeemed = await asking.redeem(client, signed, await proofOf(key, { nonce }));
      expect([redeemed.status, redeemed.body['token_type']]).toEqual([200, 'DPoP']);
      const accessToken = redeemed.body['access_token'] as string;
      const token = redeemed.body['refresh_token'] as string;
      const asSubject = async (claims: object) =>
        asking.subjects.validate(asking.subject(token, client, await proofOf(key, { ...claims })));
      await expect(asSubject({})).rejects.toMatchObject({
        ...{ code: 'use_dpop_nonce', status: 400, details: { dpop_nonce: expect.any(String) } },
        audit: { reason: 'dpop_invalid', clientId: client.client_id },
      });
      expect(await asSubject({ nonce })).toMatchObject({ clientId: client.client_id });
      const at = { method: 'GET', url: `${identity.origin}/userinfo`, accessToken };
      const authorization = `DPoP ${accessToken}`;
      const userinfo = await asking.get('/userinfo', { authorization, dpop: await key.proof(at) });
      expect([userinfo.status, userinfo.headers.get('www-authenticate')]).toEqual([
        ...[401, 'DPoP error="use_dpop_nonce"'],
      ]);
      const given = userinfo.headers.get('dpop-nonce')!;
      const again = await key.proof({ ...at, claims: { nonce: given } });
      expect((await asking.get('/userinfo', { authorization, dpop: again })).status).toBe(200);
    } finally {
      await asking.stop();
    }
  });
});
