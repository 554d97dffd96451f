import type { Dialect } from './dialect.js';
import { Faults } from './faults.js';
import { Grants, type Consent, type Grant } from './grants.js';
import { Journal } from './journal.js';
import { settingsFor, type CallPhase, type ProviderSettings } from './settings.js';

interface Code extends Consent {
  challenge: string | null;
  expiresAt: number;
  /** What came of it, once it was redeemed. */
  grant: Grant | null;
}

/** One simulated provider: its settings, what it has issued and what it was sent. */
export class Provider {
  settings: ProviderSettings;
  readonly grants: Grants;
  readonly journal: Journal;
  readonly faults = new Faults();
  readonly tokenRequests = { authorization_code: 0, refresh_token: 0, other: 0 };
  /** Token requests that issued something. */
  readonly committed = { authorization_code: 0, refresh_token: 0 };
  authorizeCalls = 0;
  userinfoCalls = 0;
  revokeCalls = 0;
  apiCalls = 0;
  /** Authorization requests that were pushed, by their `request_uri`. */
  readonly pushed = new Map<string, URLSearchParams>();
  private readonly codes = new Map<string, Code>();
  private windows = new Map<CallPhase, { startedAt: number; calls: number }>();
  private aheadMs = 0;

  constructor(
    readonly name: string,
    readonly dialect: Dialect,
    /** The time everybody has. */
    readonly wallNow: () => number = Date.now,
  ) {
    this.settings = dialect.defaults;
    this.grants = new Grants(this.now, (person) => settingsFor(this.settings, person), dialect.accessTokenSeconds);
    this.journal = new Journal(wallNow);
  }

  /** The time by which this provider's tokens live and die; it can be put forward. */
  readonly now = (): number => this.wallNow() + this.aheadMs;

  travel(seconds: number): void {
    this.aheadMs += seconds * 1000;
  }

  newCode(consent: Consent, challenge: string | null): string {
    const secret = this.grants.secret('code');
    const expiresAt = this.now() + this.dialect.codeSeconds * 1000;
    this.codes.set(secret, { ...consent, challenge, expiresAt, grant: null });
    return secret;
  }

  /** The code if it may be redeemed now. A second use ends what the first one gave (RFC 6749 §4.1.2). */
  usableCode(secret: string): Code | null {
    const code = this.codes.get(secret);
    if (!code) return null;
    if (code.grant) code.grant.isDead = true;
    return code.grant || code.expiresAt <= this.now() ? null : code;
  }

  /** Whom a token request is about, as far as its code or refresh token tells. */
  personBehind(members: Record<string, string>): string | null {
    const token = members['refresh_token'];
    if (token !== undefined) return this.grants.grantOf(token)?.person ?? null;
    return this.codes.get(members['code'] ?? '')?.person ?? null;
  }

  /** Seconds to wait if this call is one too many; null if it may pass. */
  limit(phase: CallPhase): number | null {
    const { rateLimit } = this.settings;
    if (!rateLimit?.phases.includes(phase)) return null;
    const now = this.now();
    const known = this.windows.get(phase);
    const isOpen = known !== undefined && now < known.startedAt + rateLimit.windowSeconds * 1000;
    const window = isOpen ? known : { startedAt: now, calls: 0 };
    this.windows.set(phase, window);
    window.calls++;
    if (window.calls <= rateLimit.calls) return null;
    return Math.max(1, Math.ceil((window.startedAt + rateLimit.windowSeconds * 1000 - now) / 1000));
  }

  state() {
    return {
      authorizeCalls: this.authorizeCalls,
      userinfoCalls: this.userinfoCalls,
      revokeCalls: this.revokeCalls,
      apiCalls: this.apiCalls,
      tokenRequests: { ...this.tokenRequests },
      committed: { ...this.committed },
      ...this.grants.counts(),
      journal: this.journal.entries,
    };
  }
}
