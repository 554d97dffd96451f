import { Injectable } from '@nestjs/common';
import { listAnswer, type ListQuery, type SearchTerm } from '@strongroom/http';
import { DataSource, type EntityManager, In } from 'typeorm';
import { listOf, withFields } from '../listing.js';
import { LongReads } from './long-reads.js';
import { ProfileAccounts } from './profile-accounts.js';
import { InexistentError } from '../registry.errors.js';
import { UserIdentityEntity } from './user-identity.entity.js';
import { identitiesOf, OWN_FIRST } from './user-rows.js';
import { whoFit } from './user-search.js';
import { userView } from './user-view.js';
import { UserEntity } from './user.entity.js';

type Fields = { fields?: string | undefined; include_fields?: string | undefined };

/** Looks people up for the Management API. */
@Injectable()
export class UsersReads {
  constructor(
    private readonly database: DataSource,
    private readonly accounts: ProfileAccounts,
    private readonly longReads: LongReads,
  ) {}

  async list({ q, ...query }: ListQuery & Fields & { q?: SearchTerm[] | undefined }): Promise<unknown> {
    return q ? this.longReads.run((tx) => this.listed(tx, query, q)) : this.listed(this.database.manager, query);
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
    const identities = await this.identitiesOf(this.database.manager, users);
    return users.map((user) => withFields(query, userView(user, identities.get(user.personId) ?? [])));
  }

  private listed(manager: EntityManager, query: ListQuery & Fields, terms: SearchTerm[] = []): Promise<unknown> {
    const rows = manager.getRepository(UserEntity).createQueryBuilder('user');
    whoFit(rows, terms);
    const source = listOf(rows, 'user.userId', ({ userId }) => userId);
    let identities = new Map<string, UserIdentityEntity[]>();
    return listAnswer(
      'users',
      query,
      {
        ...source,
        page: async (offset, limit) => {
          const found = await source.page(offset, limit);
          identities = await this.identitiesOf(manager, found.items);
          return found;
        },
        after: async (cursor, limit) => {
          const found = await source.after(cursor, limit);
          identities = await this.identitiesOf(manager, found);
          return found;
        },
      },
      (user) => withFields(query, userView(user, identities.get(user.personId) ?? [])),
    );
  }

  /** Of a page of users, in one read. */
  private async identitiesOf(manager: EntityManager, users: UserEntity[]): Promise<Map<string, UserIdentityEntity[]>> {
    const personIds = users.map(({ personId }) => personId);
    const rows = await manager.find(UserIdentityEntity, { where: { personId: In(personIds) }, order: OWN_FIRST });
    return new Map(personIds.map((id) => [id, rows.filter(({ personId }) => personId === id)]));
  }
}
