import { newSecret, type SecretKind } from './secrets.js';
import type { ProviderSettings } from './settings.js';

export interface Grant {
  id: string;
  person: string;
  scopes: string[];
  isDead: boolean;
  refreshes: number;
}
interface AccessToken {
  grant: Grant;
  expiresAt: number;
}
interface RefreshToken {
  grant: Grant;
  /** Null while it is the latest one. */
  replacedAt: number | null;
}
export interface IssuedTokens {
  accessToken: string;
  refreshToken: string | null;
  scopes: string[];
}

/** What people granted and the tokens that came of it. Decides which token is alive; knows no HTTP. */
export class Grants {
  private readonly grants: Grant[] = [];
  private readonly accessTokens = new Map<string, AccessToken>();
  private readonly refreshTokens = new Map<string, RefreshToken>();
  /** Every secret ever issued. */
  readonly issued: string[] = [];
  presentationsOfReplaced = 0;
  callsAfterDeath = 0;

  constructor(private readonly now: () => number) {}

  open(person: string, scopes: string[]): Grant {
    const grant = { id: `grant-${this.grants.length + 1}`, person, scopes, isDead: false, refreshes: 0 };
    this.grants.push(grant);
    return grant;
  }

  issue(grant: Grant, settings: ProviderSettings, withRefreshToken: boolean, scopes = grant.scopes): IssuedTokens {
    const accessToken = this.secret('at');
    this.accessTokens.set(accessToken, { grant, expiresAt: this.now() + settings.accessTokenSeconds * 1000 });
    const refreshToken = withRefreshToken ? this.secret('rt') : null;
    if (refreshToken !== null) this.refreshTokens.set(refreshToken, { grant, replacedAt: null });
    return { accessToken, refreshToken, scopes };
  }

  /** New tokens for a refresh token by the rules of rotation; null if it is not good. */
  refresh(token: string, settings: ProviderSettings, scopes?: string[]): IssuedTokens | null {
    const presented = this.refreshTokens.get(token);
    if (!presented) return null;
    if (presented.grant.isDead) {
      this.callsAfterDeath++;
      return null;
    }
    if (presented.replacedAt !== null && !this.forgives(presented, settings)) return null;
    const { grant } = presented;
    grant.refreshes++;
    const rotates = rotatesNow(settings.refresh.rotate, grant.refreshes);
    if (rotates) for (const other of this.liveOf(grant)) other.replacedAt ??= this.now();
    return this.issue(grant, settings, rotates, scopes ?? grant.scopes);
  }

  grantOf(refreshToken: string): Grant | null {
    return this.refreshTokens.get(refreshToken)?.grant ?? null;
  }

  /** Whose access token it is while it is alive. */
  bearer(token: string): Grant | null {
    const found = this.accessTokens.get(token);
    return found && !found.grant.isDead && found.expiresAt > this.now() ? found.grant : null;
  }

  isAlive(token: string): boolean {
    const refreshToken = this.refreshTokens.get(token);
    if (refreshToken) return !refreshToken.grant.isDead && refreshToken.replacedAt === null;
    return this.bearer(token) !== null;
  }

  knows(token: string): 'access_token' | 'refresh_token' | null {
    return this.accessTokens.has(token) ? 'access_token' : this.refreshTokens.has(token) ? 'refresh_token' : null;
  }

  /** RFC 7009: an access token ends alone, a refresh token with all of its grant. */
  revoke(token: string): void {
    const refreshToken = this.refreshTokens.get(token);
    if (refreshToken) refreshToken.grant.isDead = true;
    this.accessTokens.delete(token);
  }

  revokeAll(person?: string): void {
    for (const grant of this.grants) if (person === undefined || grant.person === person) grant.isDead = true;
  }

  expireAccessTokens(): void {
    for (const token of this.accessTokens.values()) token.expiresAt = this.now();
  }

  counts() {
    const refreshTokens = [...this.refreshTokens.keys()];
    const live = refreshTokens.filter((token) => this.isAlive(token)).length;
    return {
      liveRefreshTokens: live,
      deadRefreshTokens: refreshTokens.length - live,
      liveGrants: this.grants.filter(({ isDead }) => !isDead).length,
      presentationsOfReplaced: this.presentationsOfReplaced,
      callsAfterDeath: this.callsAfterDeath,
    };
  }

  secret(kind: SecretKind): string {
    const made = newSecret(kind);
    this.issued.push(made);
    return made;
  }

  private liveOf(grant: Grant): RefreshToken[] {
    return [...this.refreshTokens.values()].filter((token) => token.grant === grant && token.replacedAt === null);
  }

  private forgives({ grant, replacedAt }: RefreshToken, { refresh }: ProviderSettings): boolean {
    this.presentationsOfReplaced++;
    if (refresh.reuse === 'ok') return true;
    if (refresh.reuse === 'grace') return this.now() < replacedAt! + refresh.graceSeconds * 1000;
    if (refresh.reuse === 'killGrant') grant.isDead = true;
    return false;
  }
}

const rotatesNow = (rotate: ProviderSettings['refresh']['rotate'], refreshes: number): boolean =>
  rotate === 'always' || (rotate === 'optional' && refreshes % 2 === 0);
