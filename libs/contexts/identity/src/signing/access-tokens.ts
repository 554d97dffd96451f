import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { createLocalJWKSet, decodeProtectedHeader, type JWK, jwtVerify, type JWTPayload } from 'jose';
import { sha256 } from '../hash.js';
import { SigningKeys } from './signing-keys.js';

/** What a JWT of ours says, once its signature was found genuine. */
export interface GenuineToken {
  kid: string;
  alg: string;
  typ: string;
  subject: string;
  audiences: string[];
  scopes: string[];
  clientId: string | null;
  /** Of a person's tokens; a machine's have none, and no other JWT of ours has one. */
  grantId: string | null;
  sessionId: string | null;
  /** Thumbprint of the key that it is bound to. */
  jkt: string | null;
  isMachine: boolean;
  /** Whether it counts now; asked each time. */
  isCurrent(): boolean;
}

const LEEWAY_SECONDS = 30;
const REMEMBERED = 10_000;

/** JWTs signed by our own keys. Remembers that a signature was good, and nothing that can change. */
@Injectable()
export class AccessTokens {
  private readonly remembered = new Map<string, GenuineToken>();

  constructor(
    private readonly keys: SigningKeys,
    private readonly publicUrl: PublicUrl,
  ) {}

  /** Null: not signed by us, or not for us. An ended token is still genuine. */
  async genuine(token: string): Promise<GenuineToken | null> {
    const key = sha256(token).toString('base64');
    const known = this.remembered.get(key);
    if (known && (await this.keys.get()).published.some(({ kid }) => kid === known.kid)) return known;
    this.remembered.delete(key);
    const read = await this.verified(token);
    if (!read) return null;
    if (this.remembered.size >= REMEMBERED) this.remembered.delete(this.remembered.keys().next().value!);
    if (read.isCurrent()) this.remembered.set(key, read);
    return read;
  }

  private async verified(token: string): Promise<GenuineToken | null> {
    const header = headerOf(token);
    if (!header || !isAsMinted(token)) return null;
    const keys = await this.keyed(header.kid);
    try {
      const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), {
        algorithms: ['RS256', 'PS256'],
        issuer: this.publicUrl.issuer,
        currentDate: new Date(0), // whether it has ended is asked each time, of what is remembered too
        clockTolerance: Number.MAX_SAFE_INTEGER,
        requiredClaims: ['exp', 'iat', 'sub', 'aud'],
      });
      return hasOurForm(payload, this.publicUrl.of('/userinfo')) ? read(header, payload) : null;
    } catch {
      return null;
    }
  }

  /** The key set; if it has no such key, as it is now: another process may just have made one. */
  private async keyed(kid: string): Promise<JWK[]> {
    const { published } = await this.keys.get();
    return published.some((key) => key.kid === kid) ? published : (await this.keys.fresh()).published;
  }
}

type Header = Pick<GenuineToken, 'kid' | 'alg' | 'typ'>;

/** Null where it cannot be one of ours, which all name their key. */
function headerOf(token: string): Header | null {
  try {
    const { kid, alg, typ } = decodeProtectedHeader(token) as Record<string, unknown>;
    return typeof kid === 'string' && typeof alg === 'string' && typeof typ === 'string' ? { kid, alg, typ } : null;
  } catch {
    return null;
  }
}

/**
 * A member that is there twice leaves it open which of them counts; in what we write there is none. Nor is there padding or
 * white space (RFC 7515 §2), which decoders pass over: one token would have many spellings.
 */
function isAsMinted(token: string): boolean {
  const parts = token.split('.');
  const decoded = parts.map((part) => Buffer.from(part, 'base64url'));
  return (
    decoded.every((bytes, i) => bytes.toString('base64url') === parts[i]) &&
    decoded.slice(0, 2).every((bytes) => isWrittenOnce(bytes.toString('utf8')))
  );
}

function isWrittenOnce(json: string): boolean {
  try {
    return JSON.stringify(JSON.parse(json)) === json;
  } catch {
    return false; // anybody may put anything there
  }
}

/** One API, and `/userinfo` beside it; one subject. */
function hasOurForm({ aud, sub }: JWTPayload, userinfo: string): boolean {
  const isOneApi = typeof aud === 'string' || (Array.isArray(aud) && aud.length === 2 && aud[1] === userinfo);
  return isOneApi && typeof sub === 'string' && sub !== '';
}

function read(header: Header, claims: JWTPayload): GenuineToken {
  const text = (name: string): string | null => (typeof claims[name] === 'string' ? claims[name] : null);
  const { exp, iat, nbf = 0 } = claims;
  return {
    ...header,
    subject: claims.sub!,
    audiences: Array.isArray(claims.aud) ? claims.aud : [claims.aud!],
    scopes: (text('scope') ?? '').split(' ').filter(Boolean),
    clientId: text('azp') ?? text('client_id'),
    grantId: text('gid'),
    sessionId: text('sid'),
    jkt: boundTo(claims['cnf']),
    isMachine: text('gty') === 'client-credentials',
    isCurrent: () => {
      const now = Date.now() / 1000;
      return exp! + LEEWAY_SECONDS > now && Math.max(nbf, iat!) - LEEWAY_SECONDS <= now;
    },
  };
}

const boundTo = (cnf: unknown): string | null => (cnf as { jkt?: string } | undefined)?.jkt ?? null;

/** `typ` of an API's tokens. */
const typOf = (dialect: string): string => (dialect.startsWith('rfc9068') ? 'at+jwt' : 'JWT');

/** Whether a token is signed and typed as this API has it. */
export const isOf = (api: { dialect: string; alg: string }, token: GenuineToken): boolean =>
  token.alg === api.alg && token.typ === typOf(api.dialect);

/**
 * For the read that each check makes anyway: whether the key (its `kid` is the parameter) is still one of ours. What a
 * process holds of the key set may be half a minute old, a revocation counts from its answer on.
 */
export const keyStands = (parameter: string): string =>
  `exists (select from signing_keys k where k.kid = ${parameter} and k.state <> 'revoked')`;
