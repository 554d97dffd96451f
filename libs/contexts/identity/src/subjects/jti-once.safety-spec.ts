import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { VaultError } from '@strongroom/errors';
import { InProcessReplayStore } from '@strongroom/locking';
import { recordFigure, safetyCount } from '@strongroom/testing';
import { SignJWT } from 'jose';
import { type AuthorizationApp, startIdentity } from '../../test/authorization-app.js';
import { now, ProofKey } from '../../test/proofs.js';

const ROUNDS = safetyCount('ROUNDS', { short: 4, full: 200 });
const AT_ONCE = 50;
const ADDRESS = '192.0.2.7';
const EMAIL = 'someone@example.com';

/** Figure 29, the identifiers that make a proof or a request of a worker good once at the exchange. */
describe('what an exchange takes once', () => {
  let identity: AuthorizationApp;
  let userId: string;

  beforeAll(async () => {
    identity = await startIdentity();
    userId = (await identity.person(EMAIL)).user_id;
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => identity?.stop());

  const atOnce = async (use: () => Promise<unknown>) => {
    const answers = await Promise.allSettled(Array.from({ length: AT_ONCE }, use));
    const refused = answers.filter(
      (one) => one.status === 'rejected' && one.reason instanceof VaultError && one.reason.status < 500,
    );
    return { good: answers.filter(({ status }) => status === 'fulfilled').length, refused: refused.length };
  };
  const measure = async (id: string, title: string, prepare: () => Promise<() => Promise<unknown>>) => {
    let right = 0;
    for (let n = 0; n < ROUNDS; n++) {
      const { good, refused } = await atOnce(await prepare());
      if (good === 1 && refused === AT_ONCE - 1) right++;
    }
    const use = await prepare();
    jest.spyOn(InProcessReplayStore.prototype, 'isFirst').mockResolvedValue(true);
    const broken = (await atOnce(use)).good;
    recordFigure({
      id: `29 (${id})`,
      title: `${title}, 50 at once`,
      required: 'one success in each round, no 500',
      measured: `${right} of ${ROUNDS} rounds`,
      holds: right === ROUNDS && broken > 1,
      control: `with a store that forgets ${broken} of 50 succeed`,
    });
    expect({ right, broken: broken > 1 }).toEqual({ right: ROUNDS, broken: true });
  };

  it('PW-03 C6 29 one of 50 uses of a worker’s request succeeds', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const client = await identity.client({
      token_vault_privileged_access: {
        credentials: [{ credential_type: 'public_key', alg: 'RS256', pem }],
        ip_allowlist: [ADDRESS],
        grants: [{ connection: 'acme', scopes: ['read'] }],
      },
    });
    await measure('worker-jti', 'One request that a worker signed', async () => {
      const claims = { sub: userId, aud: `${identity.origin}/`, iss: client.client_id, iat: now() + 1 };
      const signed = await new SignJWT({ ...claims, jti: randomUUID(), audit_context: 'nightly report' })
        .setProtectedHeader({ alg: 'RS256', typ: 'token-vault-req+jwt' })
        .sign(privateKey);
      const request = identity.subject(signed, client, { subjectTokenType: 'jwt', ip: ADDRESS });
      return () => identity.subjects.validate(request);
    });
  }, 600_000);

  it('X6 EX-19 29 one of 50 uses of a proof of possession succeeds', async () => {
    const client = await identity.client();
    const key = await ProofKey.create();
    const url = `${identity.origin}/oauth/token`;
    const { refresh_token } = await identity.tokens(EMAIL, client, {}, { dpop: await key.proof({ url }) });
    await measure('dpop-jti', 'One proof with a bound subject', async () => {
      const request = identity.subject(refresh_token, client, { dpop: await key.proof({ url }) });
      return () => identity.subjects.validate(request);
    });
  }, 600_000);
});
