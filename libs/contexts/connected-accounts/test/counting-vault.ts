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
import { IntakePrivateKey, openBox } from '@strongroom/crypto';
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
  /** Sessions of which nothing may come any more. */
  readonly abandoned: string[] = [];
  /** Who deleted, and through what. */
  readonly deletedBy: Pick<Parameters<TokenVault['delete']>[0], 'actor' | 'clientId'>[] = [];
  readonly owners = new Map<string, string>();
  /** A person's tokensets, as a list of them shows them. */
  readonly kept = new Map<string, TokensetView[]>();
  /** What became of a person's deleted tokensets at their provider. */
  readonly told = new Map<string, RevocationView[]>();
  /** What comes back beside ids. */
  answer: Partial<Redeemed> = {};
  /** Thrown by the next calls, in order. */
  readonly refusals: Error[] = [];
  failDelete: Error | undefined;
  failAbandon: Error | undefined;
  /** What was set, by account. */
  readonly labels = new Map<string, string | null>();
  readonly pauses = new Map<string, Set<string>>();
  /** Runs while the provider is being asked, or a new label is on its way back. */
  meanwhile: () => Promise<void> = () => Promise.resolve();

  /** What was sealed for `tokensets` in a request that it was sent. */
  unsealed(request: RedeemRequest, field: 'code' | 'verifier' | 'query'): Promise<string> {
    const { connectionId, sessionId: ownerId, codeBox, verifierBox, queryBox } = request;
    const purpose = field === 'verifier' ? 'pkce-verifier' : 'provider-code';
    const box = { code: codeBox, verifier: verifierBox, query: queryBox }[field];
    return openBox(this.key, this.installationId, { purpose, connectionId, ownerId, field }, box!);
  }

  readonly intakeKeys: IntakeKeys = {
    current: (): Promise<IntakeKey> =>
      Promise.resolve({ installationId: this.installationId, keyId: this.key.id, publicKey: this.key.publicKey }),
  };

  /** What one test saw or wished is not the next one's; accounts that it made stay. */
  forget(): void {
    for (const list of [this.sent, this.pushed, this.refusals, this.abandoned]) list.length = 0;
    this.answer = {};
    this.failDelete = undefined;
    this.failAbandon = undefined;
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
      label: null,
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

  abandon({ sessionId }: { sessionId: string }): Promise<boolean> {
    if (this.results.has(sessionId)) return Promise.resolve(false);
    this.abandoned.push(sessionId);
    if (this.failAbandon) return Promise.reject(this.failAbandon);
    return Promise.resolve(true);
  }

  accessToken(): Promise<IssuedToken | null> {
    return Promise.reject(new Error('nobody here may ask for a token'));
  }

  list(personId: string): Promise<TokensetView[]> {
    const named = ({ accountId, label }: TokensetView) => this.labels.get(accountId) ?? label;
    return Promise.resolve((this.kept.get(personId) ?? []).map((one) => ({ ...one, label: named(one) })));
  }

  revocations(personId: string): Promise<RevocationView[]> {
    return Promise.resolve(this.told.get(personId) ?? []);
  }

  label({ personId, accountId, label }: Parameters<TokenVault['label']>[0]): Promise<{ label: string | null } | null> {
    if (this.owners.get(accountId) !== personId) return Promise.resolve(null);
    const refusal = this.refusals.shift();
    if (refusal) return Promise.reject(refusal);
    this.labels.set(accountId, label);
    return this.meanwhile().then(() => ({ label }));
  }

  pause({ personId, accountId, clientId, isPaused }: Parameters<TokenVault['pause']>[0]): Promise<boolean> {
    if (this.owners.get(accountId) !== personId) return Promise.resolve(false);
    const paused = this.pauses.get(accountId) ?? new Set();
    this.pauses.set(accountId, isPaused ? paused.add(clientId) : (paused.delete(clientId), paused));
    return Promise.resolve(true);
  }

  delete({ personId, accountId, actor, clientId }: Parameters<TokenVault['delete']>[0]): Promise<boolean> {
    if (this.failDelete) return Promise.reject(this.failDelete);
    if (this.owners.get(accountId) !== personId) return Promise.resolve(false);
    this.owners.delete(accountId);
    this.deleted.push(accountId);
    this.deletedBy.push({ actor, clientId });
    return Promise.resolve(true);
  }
}
