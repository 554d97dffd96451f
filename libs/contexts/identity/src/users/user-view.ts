import { present } from '../members.js';
import type { UserIdentityEntity } from './user-identity.entity.js';
import type { UserEntity } from './user.entity.js';

/** A person as the Management API shows one (`spec/wire-contract.md` §3.6). Never the password, never `person_id`. */
export const userView = (user: UserEntity, identities: UserIdentityEntity[]): Record<string, unknown> =>
  present({
    user_id: user.userId,
    email: user.email,
    email_verified: user.emailVerified,
    username: user.username,
    phone_number: user.phoneNumber,
    phone_verified: user.phoneVerified,
    name: user.name,
    nickname: user.nickname,
    given_name: user.givenName,
    family_name: user.familyName,
    picture: user.picture,
    blocked: user.blocked,
    administrator: user.administrator || null,
    user_metadata: user.userMetadata,
    app_metadata: user.appMetadata,
    identities: identities.map((identity) => ({
      connection: identity.connection,
      user_id: identity.userId,
      provider: identity.provider,
      isSocial: identity.isSocial,
      ...(identity.linkState === 'own' ? {} : { profileData: identity.profile ?? {} }),
    })),
    multifactor: [],
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
    last_login: user.lastLogin?.toISOString(),
    last_ip: user.lastIp,
    logins_count: user.loginsCount,
    last_password_reset: user.lastPasswordReset?.toISOString(),
  });

/** What events say of a person. */
export const userEventData = (user: UserEntity, identities: UserIdentityEntity[]) => ({
  personId: user.personId,
  userId: user.userId,
  status: user.blocked ? ('blocked' as const) : ('active' as const),
  identities: identities.map(({ provider, connectionId, originalPersonId, linkState }) => ({
    provider,
    connectionId,
    personId: originalPersonId,
    link: linkState,
  })),
});
