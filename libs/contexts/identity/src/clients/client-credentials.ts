import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { ValidationError } from '@strongroom/http';
import { In, type EntityManager } from 'typeorm';
import { ClientCredentialEntity, type ClientEntity } from './client.entity.js';
import type { CreateClient, InlineCredential } from './client.schema.js';
import { randomId } from '../random-id.js';

const MEMBER = 'client_authentication_methods';
const MINIMUM_BITS = 2048;

type Methods = CreateClient['client_authentication_methods'];

/**
 * Keeps the keys that a body brings whole, checks that the ids it names are this client's, and removes the rest.
 * The client's row must be there.
 */
export async function keepCredentials(
  tx: EntityManager,
  clientId: string,
  methods: Methods,
): Promise<ClientEntity['clientAuthenticationMethods']> {
  const sent = methods?.private_key_jwt.credentials ?? [];
  const named = sent.flatMap((one) => ('id' in one ? [one.id] : []));
  const known = await tx.findBy(ClientCredentialEntity, { clientId, id: In(named) });
  if (known.length !== new Set(named).size) throw ValidationError.of('body', MEMBER, 'names a key the client has not');
  await tx
    .createQueryBuilder()
    .delete()
    .from(ClientCredentialEntity)
    .where('client_id = :clientId and not (id = any(:named))', { clientId, named })
    .execute();
  const rows = sent.flatMap((one) => ('id' in one ? [] : [credentialRow(clientId, one)]));
  const kids = [...known, ...rows].map(({ kid }) => kid);
  if (new Set(kids).size !== kids.length) throw ValidationError.of('body', MEMBER, 'holds the same key twice');
  if (rows.length > 0) await tx.insert(ClientCredentialEntity, rows);
  const credentials = [...named, ...rows.map(({ id }) => id)].map((id) => ({ id }));
  return methods ? { private_key_jwt: { credentials } } : null;
}

function credentialRow(
  clientId: string,
  { name, pem, alg }: InlineCredential,
): Omit<ClientCredentialEntity, 'createdAt'> {
  const key = rsaPublicKey(pem);
  return {
    id: randomId('cred_'),
    clientId,
    name: name ?? null,
    kid: thumbprint(key),
    alg,
    pem: key.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

function rsaPublicKey(pem: string): KeyObject {
  const refused = ValidationError.of('body', MEMBER, `pem must be an RSA public key of at least ${MINIMUM_BITS} bits`);
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
function thumbprint(key: KeyObject): string {
  const { e, kty, n } = key.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
}
