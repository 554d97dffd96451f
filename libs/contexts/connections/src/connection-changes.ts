import { isDeepStrictEqual } from 'node:util';
import type { ConnectionEntity } from './connection.entity.js';
import { READ_ONLY, STORED, type CreateConnection, type UpdateConnection } from './connection.schema.js';
import { fillsAtSignIn, MASK } from './connection-view.js';
import { refused } from './connections.errors.js';
import { tokenPlaceOf } from './provider/secret-receivers.js';
import type { Catalogue } from '@strongroom/providers';

/** A change to a row, with the secret beside it: it is never part of what is stored as options. */
export interface Sent {
  row: ConnectionEntity;
  /** A new secret in clear, `keep` what there is, or null: there is none. */
  secret: { value: string } | 'keep' | null;
}

/** The row as the body would have it; members that it leaves out stay. */
export function applied(before: ConnectionEntity, body: CreateConnection | UpdateConnection): Sent {
  const row = { ...before };
  if (body.display_name !== undefined) row.displayName = body.display_name;
  if (body.authentication) row.loginActive = body.authentication.active;
  if (body.connected_accounts) {
    row.vaultActive = body.connected_accounts.active;
    row.allowMissingUserId = body.connected_accounts.allow_missing_user_id ?? row.allowMissingUserId;
  }
  if (body.is_domain_connection !== undefined) row.isDomainConnection = body.is_domain_connection;
  if (body.show_as_button !== undefined) row.showAsButton = body.show_as_button;
  if (body.metadata) row.metadata = body.metadata;
  row.stored = { ...row.stored, ...storedIn(body) };
  if (!body.options) return { row, secret: 'keep' };
  const { client_secret: secret, ...options } = body.options;
  row.options = options;
  return { row, secret: secret === MASK ? 'keep' : secret ? { value: secret } : null };
}

function storedIn(body: CreateConnection | UpdateConnection): Record<string, unknown> {
  const named = STORED.filter((name) => body[name] !== undefined).map((name): [string, unknown] => [name, body[name]]);
  const switched = body.connected_accounts?.cross_app_access;
  return { ...Object.fromEntries<unknown>(named), ...(switched === undefined ? {} : { cross_app_access: switched }) };
}

/** Rules between members. @throws ValidationError */
export function checkTogether(catalogue: Catalogue, row: ConnectionEntity): void {
  const hasVault = row.vaultActive || fillsAtSignIn(row);
  if (hasVault && row.builtIn && !catalogue.isOffered(row.strategy))
    throw refused('connected_accounts.active', `a connection of strategy ${row.strategy} has no provider to connect`);
  if (hasVault && row.options['dpop_signing_alg'])
    throw refused('options.dpop_signing_alg', 'a token bound to our key is of no use to a caller: not with the vault');
}

/** Read-only members may come back as they are. @throws ValidationError */
export function checkReadOnly(body: UpdateConnection, shown: Record<string, unknown>): void {
  for (const name of READ_ONLY)
    if (body[name] !== undefined && !isDeepStrictEqual(body[name], shown[name]))
      throw refused(name, 'cannot be changed');
}

/** Names of what differs, for `connection.updated`. */
export function changesBetween(catalogue: Catalogue, before: ConnectionEntity, after: ConnectionEntity): string[] {
  const members: [string, unknown, unknown][] = [
    ['display_name', before.displayName, after.displayName],
    ['options', before.options, after.options],
    ['credentials', before.secretBox, after.secretBox],
    ['token_endpoint', tokenPlaceOf(catalogue, before), tokenPlaceOf(catalogue, after)],
    ['provider_metadata', metadataOf(before), metadataOf(after)],
    ['authentication', before.loginActive, after.loginActive],
    [
      'connected_accounts',
      [before.vaultActive, before.allowMissingUserId],
      [after.vaultActive, after.allowMissingUserId],
    ],
    ['is_domain_connection', before.isDomainConnection, after.isDomainConnection],
    ['show_as_button', before.showAsButton, after.showAsButton],
    ['metadata', before.metadata, after.metadata],
    ...Object.keys({ ...before.stored, ...after.stored }).map((name): [string, unknown, unknown] => [
      name,
      before.stored[name],
      after.stored[name],
    ]),
  ];
  return members.filter(([, one, other]) => !isDeepStrictEqual(one, other)).map(([name]) => name);
}

/** With what of it was refused: saving again is the administrator's word on that, even if nothing else changes. */
const metadataOf = ({ providerMetadata, metadataRefused }: ConnectionEntity) => [providerMetadata, metadataRefused];
