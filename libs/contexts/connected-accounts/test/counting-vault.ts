import { randomUUID } from 'node:crypto';
import {
  type IntakeKey,
  IntakeKeys,
  type IssuedToken,
  type Redeemed,
  type RedeemRequest,
  TokenVault,
  type TokensetView,
} from '@strongroom/contracts';
import { IntakePrivateKey, openBox } from '@strongroom/crypto';
import { newId } from '../src/connect/secrets.js';

/** Stands for `tokensets`: opens the boxes with a real key, counts what would be a token request. */
export class CountingVault extends TokenVault {
  private readonly installationId = randomUUID();
  private readonly key = IntakePrivateKey.generate();
  /** Code and verifier of each call that would have gone to the provider. */
  readonly sent: { code: string; verifier: string | null; request: RedeemRequest }[] = [];
  readonly results = new Map<string, Redeemed>();
  readonly deleted: string[] = [];
  readonly owners = new Map<string, string>();
  /** What comes back beside ids. */
  answer: Partial<Redeemed> = {};
  /** Thrown by the next calls, in order. */
  readonly refusals: Error[] = [];
  failDelete: Error | undefined;
  /** Runs while the provider is being asked. */
  meanwhile: () => Promise<void> = () => Promise.resolve();

  readonly intakeKeys: IntakeKeys = {
    current: (): Promise<IntakeKey> =>
      Promise.resolve({ installationId: this.installationId, keyId: this.key.id, publicKey: this.key.publicKey }),
  };

  async redeem(request: RedeemRequest): Promise<Redeemed> {
    const known = this.results.get(request.sessionId);
    if (known) return known;
    const { connectionId, sessionId: ownerId } = request;
    const open = (box: string, purpose: 'provider-code' | 'pkce-verifier', field: string) =>
      openBox(this.key, this.installationId, { purpose, connectionId, ownerId, field }, box);
    this.sent.push({
      code: await open(request.codeBox, 'provider-code', 'code'),
      verifier: request.verifierBox && (await open(request.verifierBox, 'pkce-verifier', 'verifier')),
      request,
    });
    await this.meanwhile();
    const refusal = this.refusals.shift();
    if (refusal) throw refusal;
    const redeemed = {
      tokensetId: newId('ts_'),
      accountId: newId('cac_'),
      scopes: request.scopesAsked,
      missingScopes: [],
      hasRefreshToken: true,
      reconnected: false,
      ...this.answer,
    };
    this.results.set(request.sessionId, redeemed);
    this.owners.set(redeemed.accountId, request.personId);
    return redeemed;
  }

  redeemed(sessionId: string): Promise<Redeemed | null> {
    return Promise.resolve(this.results.get(sessionId) ?? null);
  }

  accessToken(): Promise<IssuedToken | null> {
    return Promise.reject(new Error('nobody here may ask for a token'));
  }

  list(): Promise<TokensetView[]> {
    return Promise.resolve([]);
  }

  delete({ personId, accountId }: { personId: string; accountId: string }): Promise<boolean> {
    if (this.failDelete) return Promise.reject(this.failDelete);
    if (this.owners.get(accountId) !== personId) return Promise.resolve(false);
    this.owners.delete(accountId);
    this.deleted.push(accountId);
    return Promise.resolve(true);
  }
}
