import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { ValidationError } from '@strongroom/http';
import { merged, OPEN_OBJECT_BYTES } from '../members.js';
import { randomId } from '../random-id.js';
import { UserExistsError } from '../registry.errors.js';
import { isUniqueViolation } from '../unique-violation.js';
import { UserIdentityEntity } from './user-identity.entity.js';
import { UserEntity } from './user.entity.js';
import type { CreateUser, UpdateUser } from './user.schema.js';

/** Inserts a person of the database connection with their own identity. @throws UserExistsError */
export async function insertUser(
  tx: EntityManager,
  body: CreateUser,
  passwordHash: string | null,
): Promise<{ user: UserEntity; identities: UserIdentityEntity[] }> {
  const personId = randomUUID();
  const upstreamId = body.user_id ?? randomId('', 24);
  const { connection } = body;
  const identity = tx.create(UserIdentityEntity, {
    ...{ connection, userId: upstreamId, provider: 'auth0', connectionId: null, personId, originalPersonId: personId },
    ...{ linkState: 'own', isSocial: false, profile: null },
  });
  await tx
    .insert(UserEntity, {
      ...{ emailVerified: false, phoneVerified: false, blocked: false, administrator: false },
      ...columnsOf(body),
      ...{ personId, userId: `auth0|${upstreamId}`, connection, passwordHash, loginsCount: 0, eventVersion: 1 },
      userMetadata: merged({}, body.user_metadata ?? {}) as never,
      appMetadata: merged({}, body.app_metadata ?? {}) as never,
    })
    .catch(asUserExists);
  await tx.insert(UserIdentityEntity, identity as never).catch(asUserExists);
  return { user: await tx.findOneByOrFail(UserEntity, { personId }), identities: [identity] };
}

/** The own identity first. */
export const identitiesOf = (tx: EntityManager, personId: string): Promise<UserIdentityEntity[]> =>
  tx.find(UserIdentityEntity, { where: { personId }, order: OWN_FIRST });

/** `own` sorts behind `linking` and `linked`. */
export const OWN_FIRST = { linkState: 'DESC', connection: 'ASC', userId: 'ASC' } as const;

const COLUMNS = {
  email: 'email',
  email_verified: 'emailVerified',
  username: 'username',
  phone_number: 'phoneNumber',
  phone_verified: 'phoneVerified',
  name: 'name',
  nickname: 'nickname',
  given_name: 'givenName',
  family_name: 'familyName',
  picture: 'picture',
  blocked: 'blocked',
  administrator: 'administrator',
} as const satisfies Partial<Record<keyof UpdateUser, keyof UserEntity>>;

/** The columns that a body sets, metadata and password apart. */
const columnsOf = (body: Partial<UpdateUser>): Partial<UserEntity> =>
  Object.fromEntries(
    Object.entries(COLUMNS).flatMap(([member, column]) => {
      const value = body[member as keyof UpdateUser];
      return value === undefined ? [] : [[column, value]];
    }),
  );

/** The columns that a PATCH sets, with its metadata merged into what is there. */
export function changesOf(user: UserEntity, body: Partial<UpdateUser>): Partial<UserEntity> {
  const changes = columnsOf(body);
  // Of nothing nobody has shown that it is theirs.
  if (body.email === null) changes.emailVerified = false;
  if (body.phone_number === null) changes.phoneVerified = false;
  if (body.user_metadata)
    changes.userMetadata = bounded('user_metadata', merged(user.userMetadata, body.user_metadata));
  if (body.app_metadata) changes.appMetadata = bounded('app_metadata', merged(user.appMetadata, body.app_metadata));
  return changes;
}

/** @throws ValidationError 400 if something is taken away and nothing would be left to sign in with */
export function demandSignInName(user: UserEntity, changes: Partial<UserEntity>): void {
  const { email, username, phoneNumber } = { ...user, ...changes };
  const takesAway = [changes.email, changes.username, changes.phoneNumber].includes(null);
  if (!takesAway || (email ?? username ?? phoneNumber)) return;
  throw new ValidationError('body', [{ path: [], detail: 'one of email, username and phone_number is needed' }]);
}

/** Merging may not grow past the bound that one request has. */
function bounded(member: string, metadata: Record<string, unknown>): Record<string, unknown> {
  if (Buffer.byteLength(JSON.stringify(metadata)) > OPEN_OBJECT_BYTES)
    throw ValidationError.of('body', member, `would be over ${OPEN_OBJECT_BYTES} bytes of JSON`);
  return metadata;
}

export function asUserExists(error: unknown): never {
  throw isUniqueViolation(error) ? new UserExistsError() : error;
}
