import { Injectable } from '@nestjs/common';
import { listAnswer, type ListQuery } from '@strongroom/http';
import { DataSource, In } from 'typeorm';
import { listOf, withFields } from '../listing.js';
import { ProfileAccounts } from './profile-accounts.js';
import { InexistentError } from '../registry.errors.js';
import { UserIdentityEntity } from './user-identity.entity.js';
import { identitiesOf, OWN_FIRST } from './user-rows.js';
import { userView } from './user-view.js';
import { UserEntity } from './user.entity.js';

type Fields = { fields?: string | undefined; include_fields?: string | undefined };

/** Looks people up for the Management API. */
@Injectable()
export class UsersReads {
  constructor(
    private readonly database: DataSource,
    private readonly accounts: ProfileAccounts,
  ) {}

  async list(query: ListQuery & Fields): Promise<unknown> {
    const rows = this.database.getRepository(UserEntity).createQueryBuilder('user');
    const source = listOf(rows, 'user.userId', ({ userId }) => userId);
    let identities = new Map<string, UserIdentityEntity[]>();
    return listAnswer(
      'users',
      query,
      {
        ...source,
        page: async (offset, limit) => {
          const found = await source.page(offset, limit);
          identities = await this.identitiesOf(found.items);
          return found;
        },
        after: async (cursor, limit) => {
          const found = await source.after(cursor, limit);
          identities = await this.identitiesOf(found);
          return found;
        },
      },
      (user) => withFields(query, userView(user, identities.get(user.personId) ?? [])),
    );
  }

  async get(userId: string, query: Fields): Promise<Record<string, unknown>> {
    const user = await this.database.getRepository(UserEntity).findOneBy({ userId });
    if (!user) throw new InexistentError('user');
    const [identities, connected_accounts] = await Promise.all([
      identitiesOf(this.database.manager, user.personId),
      this.accounts.of(user.personId),
    ]);
    return withFields(query, { ...userView(user, identities), connected_accounts });
  }

  async byEmail(email: string, query: Fields): Promise<Record<string, unknown>[]> {
    const users = await this.database
      .getRepository(UserEntity)
      .createQueryBuilder('user')
      .where('lower(user.email) = lower(:email)', { email })
      .orderBy('user.userId')
      .getMany();
    const identities = await this.identitiesOf(users);
    return users.map((user) => withFields(query, userView(user, identities.get(user.personId) ?? [])));
  }

  /** Of a page of users, in one read. */
  private async identitiesOf(users: UserEntity[]): Promise<Map<string, UserIdentityEntity[]>> {
    const personIds = users.map(({ personId }) => personId);
    const rows = await this.database
      .getRepository(UserIdentityEntity)
      .find({ where: { personId: In(personIds) }, order: OWN_FIRST });
    return new Map(personIds.map((id) => [id, rows.filter(({ personId }) => personId === id)]));
  }
}
