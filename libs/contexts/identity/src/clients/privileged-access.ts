import { isDeepStrictEqual } from 'node:util';
import type { BearerIdentity } from '@strongroom/contracts';
import { InsufficientScopeError, ValidationError } from '@strongroom/http';
import { In, type EntityManager } from 'typeorm';
import { keepCredentials, keepNamed } from './client-credentials.js';
import { ClientCredentialEntity, ClientEntity, type PrivilegedAccess } from './client.entity.js';
import type { UpdateClient } from './client.schema.js';
import type { SentPrivilegedAccess } from './privileged-access.schema.js';

const MEMBER = 'token_vault_privileged_access';
const SCOPE = 'update:client_token_vault_privileged_access';

/** Whoever may change clients may not open the vault by it. Sent back as it is, it needs no right. */
export function demandPrivilegedScope(
  caller: BearerIdentity,
  before: PrivilegedAccess | null,
  sent: SentPrivilegedAccess | null | undefined,
): void {
  if (sent === undefined || isDeepStrictEqual(sent, before) || caller.scopes.includes(SCOPE)) return;
  throw new InsufficientScopeError([SCOPE]);
}

/** Keeps the keys that the member brings whole. The client's row must be there. */
export async function keepPrivilegedAccess(
  tx: EntityManager,
  clientId: string,
  sent: SentPrivilegedAccess | null,
): Promise<PrivilegedAccess | null> {
  if (sent === null) return null;
  const { credentials: named, ip_allowlist, grants } = sent;
  const credentials = await keepNamed(tx, clientId, { sent: named, type: 'public_key', member: MEMBER });
  const good = await tx.countBy(ClientCredentialEntity, { id: In(credentials.map(({ id }) => id)), alg: 'RS256' });
  if (good !== credentials.length) throw ValidationError.of('body', MEMBER, 'names a key that is not for RS256');
  return { credentials, ip_allowlist, grants };
}

/** A client's keys after a body. Privileged ones first: whoever moves a key from one member to the other keeps it. */
export async function keysAfter(
  tx: EntityManager,
  client: ClientEntity,
  { client_authentication_methods: methods, token_vault_privileged_access: sent }: Partial<UpdateClient>,
): Promise<Partial<ClientEntity>> {
  const { clientId } = client;
  const changes: Partial<ClientEntity> = {};
  if (sent !== undefined) {
    const tokenVaultPrivilegedAccess = await keepPrivilegedAccess(tx, clientId, sent);
    await tx.update(ClientEntity, { clientId }, { tokenVaultPrivilegedAccess });
    Object.assign(changes, { tokenVaultPrivilegedAccess });
  }
  if (methods !== undefined) changes.clientAuthenticationMethods = await keepCredentials(tx, clientId, methods);
  await dropUnnamedKeys(tx, client, { ...client, ...changes });
  return changes;
}

/** Removes keys that were privileged and that nothing of the client's names any more. */
async function dropUnnamedKeys(tx: EntityManager, before: ClientEntity, after: ClientEntity): Promise<void> {
  const methods = Object.values(after.clientAuthenticationMethods ?? {});
  const named = [...methods, ...(after.tokenVaultPrivilegedAccess ? [after.tokenVaultPrivilegedAccess] : [])].flatMap(
    ({ credentials }) => credentials.map(({ id }) => id),
  );
  const dropped = (before.tokenVaultPrivilegedAccess?.credentials ?? []).filter(({ id }) => !named.includes(id));
  if (dropped.length === 0) return;
  await tx.delete(ClientCredentialEntity, { clientId: before.clientId, id: In(dropped.map(({ id }) => id)) });
}
