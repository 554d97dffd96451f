import { countsOf } from './grant-counts.js';
import { newSecret, type SecretKind } from './secrets.js';
import type { ProviderSettings } from './settings.js';

/** What was known when the person said yes. */
export interface Consent {
  person: string;
  scopes: string[];
  /** What the app asked for. */
  asked: string[];
  redirectUri: string;
  nonce: string | null;
  /** A refresh token is given. */
  offline: boolean;
  /** Parameters of the provider's addresses, such as a tenant. */
  params: Record<string, string>;
}

export interface Grant {
  id: string;
  person: string;
  scopes: string[];
  consent: Consent;
  openedAt: number;
  isDead: boolean;
  refreshes: number;
  presentationsOfReplaced: number;
  callsAfterDeath: number;
  /** A refresh is under way. */
  isBusy: boolean;
  /** What its last token answer said. */
  told: unknown;
}
interface AccessToken {
  grant: Grant;
  issuedAt: number;
  expiresAt: number;
}
interface RefreshToken {
  grant: Grant;
  usedAt: number;
  isRevoked: boolean;
  /** Null while it is the latest one. */
  replacedAt: number | null;
}
export interface IssuedTokens {
  accessToken: string;
  refreshToken: string | null;
  scopes: string[];
  /** Seconds, as the answer says them; Infinity: no end. */
  accessTokenSeconds: number;
}

const TESTING_SECONDS = 7 * 24 * 3600;

/** What people granted and the tokens that came of it. Decides which token is alive; knows no HTTP. */
export class Grants {
  private readonly grants: Grant[] = [];
  private readonly accessTokens = new Map<string, AccessToken>();
  private readonly refreshTokens = new Map<string, RefreshToken>();
  private readonly suspended = new Set<string>();
  /** Every secret ever issued. */
  readonly issued: string[] = [];

  constructor(
    private readonly now: () => number,
    private readonly settingsFor: (person: string) => ProviderSettings,
    private readonly usualSeconds: number,
  ) {}

  open(consent: Consent): Grant {
    const { maxLive } = this.settingsFor(consent.person);
    const live = this.grants.filter(({ person, isDead }) => person === consent.person && !isDead);
    if (maxLive !== null) for (const old of live.slice(0, Math.max(0, live.length - maxLive + 1))) old.isDead = true;
    const grant: Grant = {
      id: `grant-${this.grants.length + 1}`,
      person: consent.person,
      scopes: consent.scopes,
      consent,
      openedAt: this.now(),
      isDead: false,
      refreshes: 0,
      presentationsOfReplaced: 0,
      callsAfterDeath: 0,
      isBusy: false,
      told: null,
    };
    this.grants.push(grant);
    return grant;
  }

  issue(grant: Grant, withRefreshToken: boolean, scopes = grant.scopes): IssuedTokens {
    const settings = this.settingsFor(grant.person);
    const seconds = settings.accessTokenSeconds ?? this.usualSeconds;
    const accessToken = this.secret('at');
    const now = this.now();
    this.accessTokens.set(accessToken, { grant, issuedAt: now, expiresAt: now + seconds * 1000 });
    const refreshToken = withRefreshToken ? this.secret('rt') : null;
    if (refreshToken !== null)
      this.refreshTokens.set(refreshToken, { grant, usedAt: now, isRevoked: false, replacedAt: null });
    return { accessToken, refreshToken, scopes, accessTokenSeconds: settings.announcedSeconds ?? seconds };
  }

  /** New tokens for a refresh token by the rules of rotation; null if it is not good. */
  refresh(token: string, scopes?: string[]): IssuedTokens | null {
    const presented = this.refreshTokens.get(token);
    if (!presented) return null;
    const { grant } = presented;
    const settings = this.settingsFor(grant.person);
    if (this.isOver(presented) || presented.isRevoked || this.suspended.has(grant.person)) {
      grant.callsAfterDeath++;
      return null;
    }
    if (presented.replacedAt !== null && !this.forgives(presented, settings)) return null;
    grant.refreshes++;
    presented.usedAt = this.now();
    if (settings.refreshEndsAccessTokens) this.endAccessTokens(grant);
    const rotates = rotatesNow(settings.refresh.rotate, grant.refreshes);
    if (rotates) for (const other of this.liveOf(grant)) other.replacedAt ??= this.now();
    return this.issue(grant, rotates, scopes ?? grant.scopes);
  }

  grantOf(refreshToken: string): Grant | null {
    return this.refreshTokens.get(refreshToken)?.grant ?? null;
  }

  /** Whose access token it is while it is alive. */
  bearer(token: string): Grant | null {
    const found = this.accessTokens.get(token);
    if (!found || found.grant.isDead || this.suspended.has(found.grant.person)) return null;
    const { lagMs } = this.settingsFor(found.grant.person);
    return found.expiresAt > this.now() && found.issuedAt + lagMs <= this.now() ? found.grant : null;
  }

  isAlive(token: string): boolean {
    const found = this.refreshTokens.get(token);
    if (found) {
      const isTolerated = this.settingsFor(found.grant.person).refresh.reuse === 'ok';
      return !this.isOver(found) && !found.isRevoked && (found.replacedAt === null || isTolerated);
    }
    return this.bearer(token) !== null;
  }

  knows(token: string): 'access_token' | 'refresh_token' | null {
    return this.accessTokens.has(token) ? 'access_token' : this.refreshTokens.has(token) ? 'refresh_token' : null;
  }

  /** The grant of a token of either kind, dead or alive. */
  behind(token: string): Grant | null {
    return this.accessTokens.get(token)?.grant ?? this.grantOf(token);
  }

  live(): Grant[] {
    return this.grants.filter(({ isDead }) => !isDead);
  }

  /** When an access token ends, in milliseconds by the virtual clock. */
  endOf(accessToken: string): number | null {
    return this.accessTokens.get(accessToken)?.expiresAt ?? null;
  }

  /** RFC 7009: an access token ends alone, a refresh token with all of its grant. */
  revoke(token: string): void {
    const refreshToken = this.refreshTokens.get(token);
    if (refreshToken) refreshToken.grant.isDead = true;
    this.accessTokens.delete(token);
  }

  /** This token alone. */
  end(token: string): void {
    const refreshToken = this.refreshTokens.get(token);
    if (refreshToken) refreshToken.isRevoked = true;
    this.accessTokens.delete(token);
  }

  revokeAll(person?: string): void {
    for (const grant of this.grants) if (person === undefined || grant.person === person) grant.isDead = true;
  }

  suspend(person: string, isSuspended: boolean): void {
    if (isSuspended) this.suspended.add(person);
    else this.suspended.delete(person);
  }

  isSuspended(person: string): boolean {
    return this.suspended.has(person);
  }

  hasGrantOfAnybody(): boolean {
    return this.grants.length > 0;
  }

  expireAccessTokens(): void {
    for (const token of this.accessTokens.values()) token.expiresAt = this.now();
  }

  counts() {
    return countsOf(this.grants, this.refreshTokens, (token) => this.isAlive(token));
  }

  secret(kind: SecretKind): string {
    const made = newSecret(kind);
    this.issued.push(made);
    return made;
  }

  private isOver({ grant, usedAt }: RefreshToken): boolean {
    const { idleSeconds, absoluteSeconds, testingMode } = this.settingsFor(grant.person);
    const inAll = Math.min(absoluteSeconds ?? Infinity, testingMode ? TESTING_SECONDS : Infinity);
    const now = this.now();
    return grant.isDead || now >= usedAt + (idleSeconds ?? Infinity) * 1000 || now >= grant.openedAt + inAll * 1000;
  }

  private endAccessTokens(grant: Grant): void {
    for (const [token, one] of this.accessTokens) if (one.grant === grant) this.accessTokens.delete(token);
  }

  private liveOf(grant: Grant): RefreshToken[] {
    return [...this.refreshTokens.values()].filter((token) => token.grant === grant && token.replacedAt === null);
  }

  private forgives({ grant, replacedAt }: RefreshToken, { refresh }: ProviderSettings): boolean {
    grant.presentationsOfReplaced++;
    if (refresh.reuse === 'ok') return true;
    const isEarly = this.now() < replacedAt! + refresh.graceSeconds * 1000;
    if (isEarly && refresh.reuse !== 'reject') return true;
    if (refresh.reuse === 'killGrant') grant.isDead = true;
    return false;
  }
}

const rotatesNow = (rotate: ProviderSettings['refresh']['rotate'], refreshes: number): boolean =>
  rotate === 'always' || (rotate === 'optional' && refreshes % 2 === 0);
