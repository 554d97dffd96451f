import { likePattern, searchQuery, type SearchTerm } from '@strongroom/http';
import { Brackets, type SelectQueryBuilder } from 'typeorm';
import { z } from 'zod';
import type { UserEntity } from './user.entity.js';

/** Members that people are found by, and their columns. */
const COLUMNS: Readonly<Record<string, keyof UserEntity>> = {
  user_id: 'userId',
  email: 'email',
  username: 'username',
  phone_number: 'phoneNumber',
  name: 'name',
  nickname: 'nickname',
  given_name: 'givenName',
  family_name: 'familyName',
  blocked: 'blocked',
  email_verified: 'emailVerified',
};
const FLAGS = ['blocked', 'email_verified'];
const TEXTS = Object.keys(COLUMNS).filter((member) => !FLAGS.includes(member));

export const userSearch = {
  q: searchQuery(Object.keys(COLUMNS)).optional(),
  /** Auth0's only one; libraries send it. */
  search_engine: z.literal('v3').optional(),
};

/** Those whom every term fits. */
export function whoFit(users: SelectQueryBuilder<UserEntity>, terms: readonly SearchTerm[]): void {
  terms.forEach((term, i) => {
    const members = term.member === null ? TEXTS : [term.member];
    users.andWhere(
      new Brackets((any) => {
        for (const member of members)
          any.orWhere(`lower(CAST(user.${COLUMNS[member]!} AS text)) LIKE lower(:term${i})`);
      }),
      { [`term${i}`]: likePattern(term) },
    );
  });
}
