import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ValidationError } from '@strongroom/http';
import { In, type EntityManager } from 'typeorm';
import { ClientCredentialEntity, ClientEntity } from './client.entity.js';
import type { SentCredential, SentMethods } from './client-credentials.schema.js';
import { subjectParts } from './subject-dn.js';
import { randomId } from '../random-id.js';
import { CredentialConflictError } from '../registry.errors.js';
import { isUniqueViolation } from '../unique-violation.js';

const MEMBER = 'client_authentication_methods';
const MINIMUM_BITS = 2048;

type CredentialType = ClientCredentialEntity['type'];
type Methods = NonNullable<ClientEntity['clientAuthenticationMethods']>;

const TYPE_OF: Record<keyof Methods, CredentialType> = {
  private_key_jwt: 'public_key',
  tls_client_auth: 'cert_subject_dn',
  self_signed_tls_client_auth: 'x509_cert',
};

/**
 * Keeps the credentials that a body brings whole, checks that the ids it names are this client's, and removes those that
 * it had named before and names no more. The client's row must be there.
 */
export async function keepCredentials(
  tx: EntityManager,
  clientId: string,
  methods: SentMethods | null | undefined,
): Promise<ClientEntity['clientAuthenticationMethods']> {
  const before = await tx.findOneByOrFail(ClientEntity, { clientId });
  const kept: Methods = {};
  for (const [method, { credentials }] of Object.entries(methods ?? {}) as [keyof Methods, Named][])
    kept[method] = {
      credentials: await keepNamed(tx, clientId, { sent: credentials, type: TYPE_OF[method], member: MEMBER }),
    };
  const inUse = [...idsOf(kept), ...(before.tokenVaultPrivilegedAccess?.credentials ?? []).map(({ id }) => id)];
  const dropped = idsOf(before.clientAuthenticationMethods ?? {}).filter((id) => !inUse.includes(id));
  if (dropped.length > 0) await tx.delete(ClientCredentialEntity, { clientId, id: In(dropped) });
  return methods ? kept : null;
}

interface Named {
  credentials: ({ id: string } | SentCredential)[];
}

const idsOf = (methods: Methods): string[] =>
  Object.values(methods).flatMap(({ credentials }) => credentials.map(({ id }) => id));

/** The ids of what a member names, or brings whole and has kept. */
export async function keepNamed(
  tx: EntityManager,
  clientId: string,
  { sent, type, member }: { sent: Named['credentials']; type: CredentialType; member: string },
): Promise<{ id: string }[]> {
  const named = [...new Set(sent.flatMap((one) => ('id' in one ? [one.id] : [])))];
  const known = await tx.countBy(ClientCredentialEntity, { clientId, type, id: In(named) });
  if (known !== named.length) throw ValidationError.of('body', member, 'names a credential that the client has not');
  const rows = sent.flatMap((one) => ('id' in one ? [] : [credentialRow(clientId, one, member)]));
  for (const row of rows) await insertCredential(tx, row);
  return [...named, ...rows.map(({ id }) => id)].map((id) => ({ id }));
}

/** @throws CredentialConflictError */
export async function insertCredential(tx: EntityManager, row: NewCredential): Promise<void> {
  await tx.insert(ClientCredentialEntity, row).catch((error: unknown) => {
    throw isUniqueViolation(error) ? new CredentialConflictError() : error;
  });
}

export type NewCredential = Omit<ClientCredentialEntity, 'createdAt' | 'updatedAt'>;

/** @throws ValidationError that names `member` */
export function credentialRow(clientId: string, sent: SentCredential, member: string): NewCredential {
  const { credential_type: type, name = null } = sent;
  const nothing = { kid: null, alg: null, pem: null, subjectDn: null, thumbprint: null, expiresAt: null };
  const row = { ...nothing, id: randomId('cred_'), clientId, type, name };
  if (sent.credential_type === 'cert_subject_dn') return { ...row, subjectDn: subjectOf(sent, member) };
  if (sent.credential_type === 'x509_cert') {
    const shown = certificate(sent.pem, member);
    return { ...row, pem: shown.toString(), thumbprint: thumbprintOf(shown), expiresAt: shown.validToDate };
  }
  const key = rsaPublicKey(sent.pem, member);
  return {
    ...row,
    kid: sent.kid ?? keyThumbprint(key),
    alg: sent.alg,
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
    expiresAt: sent.parse_expiry_from_cert
      ? certificate(sent.pem, member).validToDate
      : sent.expires_at === undefined
        ? null
        : new Date(sent.expires_at),
  };
}

/** RFC 8705 §3.1: of the certificate itself. */
export const thumbprintOf = (shown: X509Certificate): string =>
  createHash('sha256').update(shown.raw).digest('base64url');

function subjectOf(sent: { subject_dn?: string | undefined; pem?: string | undefined }, member: string): string {
  const subject = sent.pem === undefined ? sent.subject_dn! : certificate(sent.pem, member).subject;
  if (!subject || !subjectParts(subject))
    throw ValidationError.of('body', member, 'subject_dn must be a distinguished name, as in CN=worker,O=Example');
  return subject;
}

function certificate(pem: string, member: string): X509Certificate {
  try {
    if (!/PRIVATE KEY/.test(pem)) return new X509Certificate(pem);
  } catch {
    // said below
  }
  throw ValidationError.of('body', member, 'pem must be a certificate, without its private key');
}

function rsaPublicKey(pem: string, member: string): KeyObject {
  const detail = `pem must be an RSA public key of at least ${MINIMUM_BITS} bits`;
  const refused = ValidationError.of('body', member, detail);
  // A private key would be read too, and must not be thought harmless because it was accepted.
  if (/PRIVATE KEY/.test(pem)) throw refused;
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw refused;
  }
  if (key.asymmetricKeyType !== 'rsa' || key.asymmetricKeyDetails!.modulusLength! < MINIMUM_BITS) throw refused;
  return key;
}

/** RFC 7638. */
function keyThumbprint(key: KeyObject): string {
  const { e, kty, n } = key.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
}
