import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type GenerateKeyPairResult, SignJWT } from 'jose';
import { comeBack, expectNothing, heldBack } from './connect-steps.js';
import {
  type Answer,
  challengeOf,
  ConnectFlow,
  credentialsOf,
  Installation,
  type Json,
  MY_ACCOUNT_SCOPE,
  newVerifier,
  Scene,
} from './driver/index.js';

describe('the last step of connecting', () => {
  const installation = Installation.fromEnvironment();
  afterAll(() => installation.close());

  const create = (provider: Json = {}) => Scene.create(installation, { provider: { auto: 'accept', ...provider } });
  /** As far as the code with which the app may finish. */
  const withCode = async (flow: ConnectFlow): Promise<ConnectFlow> => {
    await comeBack(flow, await heldBack(flow));
    return flow;
  };
  const requests = async ({ provider }: Scene) => (await provider.state()).tokenRequests.authorization_code;

  it('CN-12 of 100 at once, one is answered with an account', async () => {
    const scene = await create();
    const flow = await withCode(scene.flow());
    const answers = await Promise.all(Array.from({ length: 100 }, () => flow.complete()));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 99 }, () => 404)]);
    expect(await requests(scene)).toBe(1);
    expect(await scene.accounts()).toHaveLength(1);
    expect(await installation.tokensets(scene.person.userId)).toHaveLength(1);
  });

  describe('CN-14', () => {
    const unchallenged = { code_challenge: undefined, code_challenge_method: undefined };
    let scene: Scene;
    beforeAll(async () => {
      scene = await create();
    });

    it.each<[string, Json, Json, string]>([
      ['a wrong verifier', {}, { code_verifier: newVerifier() }, 'code_verifier'],
      ['no verifier though challenged', {}, { code_verifier: undefined }, 'code_verifier'],
      ['a verifier though not challenged', unchallenged, {}, 'code_verifier'],
      ['another redirect_uri', {}, { redirect_uri: 'https://app.example/other' }, 'redirect_uri'],
      ['another code', {}, { connect_code: newVerifier() }, 'connect_code'],
    ])('%s is named, and there is no second attempt', async (_, request, change, field) => {
      const flow = await withCode(scene.flow(request));
      const answer = await flow.complete(change);
      expect([answer.status, answer.json['validation_errors']]).toMatchObject([400, [{ field }]]);
      const right = request === unchallenged ? { code_verifier: undefined } : {};
      expect((await flow.complete(right)).status).toBe(404);
      await expectNothing(scene);
    });
  });

  describe('CN-28', () => {
    let scene: Scene;
    beforeAll(async () => {
      const provider = { auto: 'accept' };
      scene = await Scene.create(installation, { strategy: 'oidc', scopes: ['openid', 'email'], provider });
    });
    afterEach(async () => {
      await scene.provider.change({ idToken: 'right' });
      await scene.provider.mend();
    });

    const exchange = { phase: 'exchange', times: null };
    const refused = { ...exchange, status: 400, body: { error: 'invalid_grant', error_description: 'cnry_words' } };
    it.each<[string, number, (at: Scene) => Promise<unknown>]>([
      ['a refused code', 400, ({ provider }) => provider.fault(refused)],
      ['a server error', 502, ({ provider }) => provider.fault({ ...exchange, status: 500 })],
      [
        'no answer once it had all of the request',
        502,
        ({ provider }) => provider.fault({ ...exchange, reset: 'afterCommit' }),
      ],
      ['HTML', 502, ({ provider }) => provider.fault({ ...exchange, html: '<p>cnry_words' })],
      ...['wrongNonce', 'wrongAud', 'wrongIss', 'expired', 'unknownKid'].map(
        (idToken): [string, number, (at: Scene) => Promise<unknown>] => [
          `an ID token that is ${idToken}`,
          400,
          ({ provider }) => provider.change({ idToken }),
        ],
      ),
    ])('%s ends with %i after one token request, and leaves nothing', async (_, status, make) => {
      const before = await requests(scene);
      const flow = await withCode(scene.flow());
      await make(scene);
      const answer = await flow.complete();
      expect([answer.status, answer.text.includes('cnry_')]).toEqual([status, false]);
      expect((await flow.complete()).status).toBe(404);
      expect((await requests(scene)) - before).toBe(1);
      expect(await scene.accounts()).toEqual([]);
      expect(await installation.tokensets(scene.person.userId)).toEqual([]);
    });
  });

  it('CN-29 an account that cannot be read for the moment is asked for again by the same request', async () => {
    const scene = await create();
    const flow = await withCode(scene.flow());
    await scene.provider.fault({ phase: 'identity', times: null, status: 503 });
    for (let n = 0; n < 2; n++) {
      const answer = await flow.complete();
      expect([answer.status, Number(answer.headers['retry-after'])]).toEqual([503, expect.any(Number)]);
      expect(await scene.accounts()).toEqual([]);
      expect((await scene.exchange()).status).toBe(401);
    }
    await scene.provider.mend();
    expect((await flow.complete()).status).toBe(201);
    expect((await scene.exchange()).status).toBe(200);
    expect(await requests(scene)).toBe(1);
  });

  it('CN-38 what was begun with a key is finished with that key, and nothing else with one', async () => {
    const scene = await create();
    const [mine, other] = [await ProofKey.make(scene), await ProofKey.make(scene)];
    const bare = (path: string, body: Json) => scene.me('POST', path, body);
    const flowBy = (post: typeof bare) => new ConnectFlow(installation, { ...scene.flow().wish, post });
    const wrong = [
      [mine.post, other.post],
      [mine.post, bare],
      [bare, mine.post],
    ] as const;
    for (const [beginning, finishing] of wrong) {
      const flow = await withCode(flowBy(beginning));
      const { authSession: auth_session, connectCode: connect_code, verifier: code_verifier } = flow;
      const members = { auth_session, connect_code, code_verifier };
      expect((await flowBy(finishing).complete(members)).status).toBe(400);
      expect((await flow.complete()).status).toBe(404);
    }
    await expectNothing(scene);
    const flow = await withCode(flowBy(mine.post));
    expect((await flow.complete()).status).toBe(201);
  });
});

/** A key of an app, and a token for the My Account API that is bound to it. */
class ProofKey {
  private token = '';

  private constructor(
    private readonly scene: Scene,
    private readonly keys: GenerateKeyPairResult,
  ) {}

  static async make(scene: Scene): Promise<ProofKey> {
    const key = new ProofKey(scene, await generateKeyPair('ES256', { extractable: true }));
    const { installation, tokens, client } = scene;
    const dpop = await key.proof(`${installation.url}/oauth/token`);
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refreshToken, scope: MY_ACCOUNT_SCOPE };
    const audience = installation.myAccountAudience;
    const answer = await installation.token({ ...form, audience, ...credentialsOf(client) }, { dpop });
    if (answer.json['token_type'] !== 'DPoP') throw new Error(`No bound token: ${answer.text}`);
    key.token = String(answer.json['access_token']);
    return key;
  }

  readonly post = async (path: string, body: Json): Promise<Answer> => {
    const url = `${this.scene.installation.url}/me/v1/connected-accounts${path}`;
    const headers = {
      authorization: `DPoP ${this.token}`,
      dpop: await this.proof(url, { ath: challengeOf(this.token) }),
    };
    return this.scene.installation.http.sendJson('POST', url, body, headers);
  };

  private async proof(htu: string, more: Json = {}): Promise<string> {
    const jwk = await exportJWK(this.keys.publicKey);
    return new SignJWT({ htm: 'POST', htu, jti: randomUUID(), ...more })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk })
      .setIssuedAt()
      .sign(this.keys.privateKey);
  }
}
