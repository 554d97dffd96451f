import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { UserEntity } from '../users/user.entity.js';

/** A person as the library sees one: `accountId` is internal, `public_id` goes into tokens. */
export interface PersonAccount {
  [key: string]: unknown;
  accountId: string;
  user: UserEntity;
  claims(): Promise<{ sub: string; [claim: string]: unknown }>;
}

@Injectable()
export class Accounts {
  constructor(private readonly database: DataSource) {}

  user(personId: string): Promise<UserEntity | null> {
    return this.database.getRepository(UserEntity).findOneBy({ personId });
  }

  /** Undefined for a person who is gone or blocked: to the library they do not exist. */
  async find(personId: string): Promise<PersonAccount | undefined> {
    const user = await this.user(personId);
    if (!user || user.blocked) return undefined;
    const claims = { sub: personId, public_id: user.userId, ...claimsOf(user) };
    return { accountId: personId, user, claims: () => Promise.resolve(claims) };
  }
}

export const CLAIMS = {
  openid: ['sub'],
  profile: ['name', 'nickname', 'given_name', 'family_name', 'picture', 'updated_at'],
  email: ['email', 'email_verified'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** Claims of OpenID Connect §5.1; what is not known is not there. */
export function claimsOf(user: UserEntity): Record<string, unknown> {
  const claims = {
    name: user.name ?? user.nickname ?? user.email ?? user.username,
    nickname: user.nickname,
    given_name: user.givenName,
    family_name: user.familyName,
    picture: user.picture,
    updated_at: Math.floor(user.updatedAt.getTime() / 1000),
    ...(user.email ? { email: user.email, email_verified: user.emailVerified } : {}),
    ...(user.phoneNumber ? { phone_number: user.phoneNumber, phone_number_verified: user.phoneVerified } : {}),
  };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null && value !== undefined));
}
