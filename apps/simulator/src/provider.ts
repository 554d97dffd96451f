import { Grants, type Grant } from './grants.js';
import { redacted } from './secrets.js';
import { providerSettings, type Fault, type ProviderSettings } from './settings.js';

const CODE_SECONDS = 60;

interface Code {
  person: string;
  scopes: string[];
  redirectUri: string;
  challenge: string | null;
  nonce: string | null;
  expiresAt: number;
  /** What came of it, once it was redeemed. */
  grant: Grant | null;
}

/** One simulated provider: its settings, what it has issued and what it was sent. */
export class Provider {
  settings: ProviderSettings = providerSettings.parse({});
  readonly grants: Grants;
  readonly journal: { at: string; method: string; path: string; sent: Record<string, string> }[] = [];
  readonly tokenRequests = { authorization_code: 0, refresh_token: 0, other: 0 };
  /** Token requests that issued something. */
  readonly committed = { authorization_code: 0, refresh_token: 0 };
  authorizeCalls = 0;
  userinfoCalls = 0;
  revokeCalls = 0;
  apiCalls = 0;
  private readonly codes = new Map<string, Code>();
  private faults: Fault[] = [];

  constructor(
    readonly name: string,
    readonly issuer: string,
    readonly now: () => number = Date.now,
  ) {
    this.grants = new Grants(now);
  }

  newCode(code: Omit<Code, 'expiresAt' | 'grant'>): string {
    const secret = this.grants.secret('code');
    this.codes.set(secret, { ...code, expiresAt: this.now() + CODE_SECONDS * 1000, grant: null });
    return secret;
  }

  /** The code if it may be redeemed now. A second use ends what the first one gave (RFC 6749 §4.1.2). */
  usableCode(secret: string): Code | null {
    const code = this.codes.get(secret);
    if (!code) return null;
    if (code.grant) code.grant.isDead = true;
    return code.grant || code.expiresAt <= this.now() ? null : code;
  }

  addFault(fault: Fault): void {
    this.faults.push(fault);
  }

  clearFaults(): void {
    this.faults = [];
  }

  /** The fault that this token request meets; it is used up by that. */
  nextFault(grantType: string): Fault | null {
    const found = this.faults.find((fault) => fault.grantType === undefined || fault.grantType === grantType);
    if (!found) return null;
    found.times--;
    if (found.times === 0) this.faults = this.faults.filter((fault) => fault !== found);
    return found;
  }

  record(method: string, path: string, sent: Iterable<[string, string]>): void {
    this.journal.push({ at: new Date(this.now()).toISOString(), method, path, sent: redacted(sent) });
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
      journal: this.journal,
    };
  }
}
