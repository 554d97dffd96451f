import { isNote } from '@strongroom/contracts';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import { WorkerJwtError } from './worker.errors.js';

const TYPE = 'token-vault-req+jwt';

/** What the database keeps as it came: no NUL, no half of a surrogate pair. */
const text = z
  .string()
  .min(1)
  .refine((value) => !/[\0\p{Surrogate}]/u.test(value));

const claims = z.object({
  sub: text,
  aud: z.union([text, z.array(text)]),
  iss: text,
  iat: z.number(),
  jti: text,
  // It is written down for years, which a secret must not be.
  audit_context: text.refine(isNote),
  exp: z.number().optional(),
  nbf: z.number().optional(),
});

/** A request that a privileged worker signed, read and not yet believed (`spec/wire-contract.md` §1.6). */
export interface WorkerRequest {
  kid: string | null;
  subject: string;
  audiences: string[];
  issuer: string;
  issuedAt: number;
  jti: string;
  auditContext: string;
  expiresAt: number | null;
  notBefore: number | null;
}

/** @throws VaultError 400 that names what is missing or is not as it should be */
export function readWorkerRequest(token: string, audit: { clientId: string }): WorkerRequest {
  const malformed = (why: string) => WorkerJwtError.malformed(why, audit);
  const read = decoded(token);
  if (!read) throw malformed('it cannot be read');
  const { header, payload } = read;
  if (header.typ !== TYPE) throw malformed(`typ of its header must be ${TYPE}`);
  if (header.alg !== 'RS256') throw malformed('alg of its header must be RS256');
  // What it names must be understood (RFC 7515 §4.1.11), and the one extension that our library does is not for JWTs.
  if (header.crit !== undefined) throw malformed('crit of its header names nothing that is taken');
  if (payload['org_id'] !== undefined) throw malformed('org_id is not taken, organisations are not offered');
  const found = claims.safeParse(payload);
  if (!found.success) throw malformed(wrongClaim(found.error));
  const { sub, aud, iss, iat, jti, audit_context, exp, nbf } = found.data;
  return {
    kid: header.kid ?? null,
    ...{ subject: sub, audiences: [aud].flat(), issuer: iss, issuedAt: iat, jti, auditContext: audit_context },
    expiresAt: exp ?? null,
    notBefore: nbf ?? null,
  };
}

/**
 * From whom and for whom it says it is: where to look, before anything is believed. The issuer is the client to try the
 * credentials of a request with that names none.
 */
export function stated(token: string): { issuer: string | null; subject: string | null } {
  try {
    const { iss, sub } = decodeJwt(token);
    const known = (claim: unknown) => text.safeParse(claim).data ?? null;
    return { issuer: known(iss), subject: known(sub) };
  } catch {
    return { issuer: null, subject: null };
  }
}

function decoded(token: string) {
  try {
    return { header: decodeProtectedHeader(token), payload: decodeJwt(token) };
  } catch {
    return null;
  }
}

/** The claim is one of ours: nothing that was sent is repeated. */
function wrongClaim({ issues }: z.ZodError): string {
  const claim = String(issues[0]!.path[0]);
  if (claim === 'audit_context') return 'audit_context must be text of 1 to 256 characters and no secret';
  return `${claim} is missing or of the wrong kind`;
}
