import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { answer, inSeconds, ISSUER, NOW, openid } from '../test/connection.js';
import { verifyIdToken } from './id-token.js';

const seconds = (offset = 0) => Math.floor(NOW.getTime() / 1000) + offset;
const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: ISSUER,
  aud: 'ours',
  sub: 'person',
  nonce: 'n',
  iat: seconds(),
  exp: seconds(300),
  ...more,
});

/** A provider with keys that can be changed; counts how often they are fetched. */
async function provider() {
  let kid = 'one';
  let { publicKey, privateKey } = await generateKeyPair('ES256');
  let fetched = 0;
  const egress = {
    request: async () => {
      fetched++;
      return answer(200, { keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256' }] });
    },
  };
  return {
    egress,
    fetched: () => fetched,
    changeKeys: async () => {
      ({ publicKey, privateKey } = await generateKeyPair('ES256'));
      kid = 'two';
    },
    sign: (payload: JWTPayload = claims()) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey),
  };
}
const verify = (
  { egress }: Awaited<ReturnType<typeof provider>>,
  token: string,
  flow: { now?: Date; nonce?: string | null } = {},
) => verifyIdToken(openid(), egress, token, { nonce: 'n', now: NOW, ...flow });

describe('an ID token', () => {
  it('of this provider, for us, now and for this flow is believed', async () => {
    const one = await provider();
    await expect(verify(one, await one.sign())).resolves.toMatchObject({ sub: 'person' });
    await expect(verify(one, await one.sign(claims({ nonce: undefined })), { nonce: null })).resolves.toBeDefined();
    await expect(verify(one, await one.sign(claims({ exp: seconds(-30) })))).resolves.toBeDefined();
  });

  it.each([
    ['P3 another issuer', { iss: 'https://evil.example' }, 'issuer'],
    ['P3 another audience', { aud: 'theirs' }, 'audience'],
    ['P3 several audiences and no authorized party', { aud: ['ours', 'theirs'] }, 'audience'],
    ['P3 another authorized party', { aud: ['ours', 'theirs'], azp: 'theirs' }, 'audience'],
    ['P3 another authorized party beside one audience', { azp: 'theirs' }, 'audience'],
    ['P3 another nonce', { nonce: 'other' }, 'nonce'],
    ['P3 no nonce', { nonce: undefined }, 'nonce'],
    ['an end that has passed', { exp: seconds(-61) }, 'time'],
    ['no end', { exp: undefined }, 'time'],
    ['a beginning to come', { nbf: seconds(61) }, 'time'],
    ['a time of issue to come', { iat: seconds(61) }, 'time'],
    ['no subject', { sub: undefined }, 'subject'],
    ['an empty subject', { sub: '' }, 'subject'],
  ])('with %s is refused', async (_, more, fault) => {
    const one = await provider();
    await expect(verify(one, await one.sign(claims(more)))).rejects.toMatchObject({ fault });
  });

  it('P3 signed by another key, by a shared secret or not at all is refused', async () => {
    const [one, other] = [await provider(), await provider()];
    await expect(verify(one, await other.sign())).rejects.toMatchObject({ fault: 'signature' });
    const shared = await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32, 1));
    await expect(verify(one, shared)).rejects.toMatchObject({ fault: 'algorithm' });
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    await expect(verify(one, `${part({ alg: 'none' })}.${part(claims())}.`)).rejects.toMatchObject({
      code: 'id_token_refused',
    });
  });

  it('costs one fetch of keys, and another for an unknown key id at most every 30 s', async () => {
    const one = await provider();
    await verify(one, await one.sign());
    await verify(one, await one.sign());
    expect(one.fetched()).toBe(1);
    await one.changeKeys();
    await expect(verify(one, await one.sign(), { now: inSeconds(29) })).rejects.toMatchObject({ fault: 'signature' });
    expect(one.fetched()).toBe(1);
    await expect(verify(one, await one.sign(), { now: inSeconds(31) })).resolves.toBeDefined();
    expect(one.fetched()).toBe(2);
  });

  it('that cannot be checked now is not refused for good', async () => {
    const { sign } = await provider();
    const egress = { request: async () => answer(503, '') };
    await expect(verifyIdToken(openid(), egress, await sign(), { nonce: 'n', now: NOW })).rejects.toMatchObject({
      code: 'temporarily_unavailable',
    });
  });
});
