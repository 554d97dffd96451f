import { randomUUID } from 'node:crypto';
import {
  type IntakeKey,
  type IntakeKeys,
  type IssuedToken,
  type PushRequest,
  type Redeemed,
  type RedeemRequest,
  type RevocationView,
  TokenVault,
  type TokensetView,
} from '@strongroom/contracts';
import { IntakePrivateKey } from '@strongroom/crypto';
import { newId } from '../src/connect/secrets.js';

export const REQUEST_URI = 'urn:ietf:params:oauth:request_uri:cnry_lodged';

/** Stands for `tokensets`: has a real key to seal for, and keeps each call that would be a token request. */
export class CountingVault extends TokenVault {
  readonly installationId = randomUUID();
  readonly key = IntakePrivateKey.generate();
  /** Each call that would have gone to the provider. */
  readonly sent: RedeemRequest[] = [];
  readonly pushed: PushRequest[] = [];
  readonly results = new Map<string, Redeemed>();
  readonly deleted: string[] = [];
  readonly owners = new Map<string, string>();
  /** What became of a person's deleted tokensets at their provider. */
  readonly told = new Map<string, RevocationView[]>();
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

  /** What one test saw or wished is not the next one's; accounts that it made stay. */
  forget(): void {
    for (const list of [this.sent, this.pushed, this.refusals]) list.length = 0;
    this.answer = {};
    this.failDelete = undefined;
    this.meanwhile = () => Promise.resolve();
  }

  async redeem(request: RedeemRequest): Promise<Redeemed> {
    const known = this.results.get(request.sessionId);
    if (known) return known;
    this.sent.push(request);
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

  /** A provider that wants its requests lodged beforehand. */
  pushAuthorization(request: PushRequest): Promise<{ requestUri: string; expiresIn: number }> {
    this.pushed.push(request);
    const refusal = this.refusals.shift();
    return refusal ? Promise.reject(refusal) : Promise.resolve({ requestUri: REQUEST_URI, expiresIn: 60 });
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

  revocations(personId: string): Promise<RevocationView[]> {
    return Promise.resolve(this.told.get(personId) ?? []);
  }

  delete({ personId, accountId }: { personId: string; accountId: string }): Promise<boolean> {
    if (this.failDelete) return Promise.reject(this.failDelete);
    if (this.owners.get(accountId) !== personId) return Promise.resolve(false);
    this.owners.delete(accountId);
    this.deleted.push(accountId);
    return Promise.resolve(true);
  }
}
