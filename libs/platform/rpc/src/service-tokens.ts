import { type ServiceName } from '@strongroom/contracts';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import type { ServiceKeys } from './service-keys.js';

/** Carries the caller's token on every call between services. */
export const TOKEN_HEADER = 'x-strongroom-service-token';

const LIFE_SECONDS = 30;
/** A new one is made this long before the old one ends, so that none ends on its way. */
const RENEW_SECONDS = 5;
const TOLERANCE_SECONDS = 5;
const REMEMBERED = 1_000;

/** Makes this service's tokens: one for each callee, used until shortly before its end (`spec/threats.md` S1). */
export class OwnTokens {
  private readonly made = new Map<ServiceName, { token: Promise<string>; since: number }>();

  constructor(
    private readonly keys: ServiceKeys,
    private readonly now: () => number = Date.now,
  ) {}

  for(callee: ServiceName): Promise<string> {
    const known = this.made.get(callee);
    const now = Math.floor(this.now() / 1000);
    // The first comparison: after the clock was set back, a token from the future would be refused for as long.
    if (known && now >= known.since && now < known.since + LIFE_SECONDS - RENEW_SECONDS) return known.token;
    const token = new SignJWT()
      .setProtectedHeader({ alg: 'EdDSA', kid: this.keys.name, typ: 'JWT' })
      .setIssuer(this.keys.name)
      .setAudience(callee)
      .setIssuedAt(now)
      .setExpirationTime(now + LIFE_SECONDS)
      .sign(this.keys.privateKey);
    this.made.set(callee, { token, since: now });
    return token;
  }
}

/** Says who calls. A token that was found good is remembered until it ends, and no longer. */
export class CallerTokens {
  private readonly good = new Map<string, { caller: ServiceName; until: number }>();

  constructor(
    private readonly keys: ServiceKeys,
    private readonly now: () => number = Date.now,
  ) {}

  /** Null: it is no token for this service, now. */
  async callerOf(token: unknown): Promise<ServiceName | null> {
    if (typeof token !== 'string' || token === '') return null;
    const known = this.good.get(token);
    if (known && known.until > this.now()) return known.caller;
    this.good.delete(token);
    const found = await this.check(token);
    if (!found) return null;
    if (this.good.size >= REMEMBERED) this.good.clear();
    this.good.set(token, found);
    return found.caller;
  }

  private async check(token: string): Promise<{ caller: ServiceName; until: number } | null> {
    try {
      const { kid } = decodeProtectedHeader(token);
      for (const key of this.keys.of(kid)) {
        const found = await this.verified(token, key, kid as ServiceName);
        if (found) return found;
      }
    } catch {
      // no JWT at all
    }
    return null;
  }

  private async verified(token: string, key: Parameters<typeof jwtVerify>[1], issuer: ServiceName) {
    try {
      const { payload } = await jwtVerify(token, key as never, {
        algorithms: ['EdDSA'],
        issuer,
        audience: this.keys.name,
        requiredClaims: ['iat', 'exp'],
        clockTolerance: TOLERANCE_SECONDS,
        currentDate: new Date(this.now()),
      });
      const { aud, iat, exp } = payload;
      // A list would let one token serve at several places.
      if (typeof aud !== 'string' || exp! - iat! > LIFE_SECONDS) return null;
      if (iat! > this.now() / 1000 + TOLERANCE_SECONDS) return null;
      return { caller: issuer, until: exp! * 1000 };
    } catch {
      return null;
    }
  }
}
