import { Injectable } from '@nestjs/common';
import { listAnswer, type ListQuery, PublicUrl, ValidationError } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { ConsentEntity } from '../sign-in/consent.entity.js';
import { UserEntity } from '../users/user.entity.js';
import { isUuid } from './uuid.js';

export interface GrantsFilter {
  user_id?: string | undefined;
  client_id?: string | undefined;
  audience?: string | undefined;
}

interface GrantRow {
  id: string;
  client_id: string;
  user_id: string;
  audience: string;
  scopes: string[];
}

export const grantAnswer = z.strictObject({
  id: z.uuid(),
  clientID: z.string(),
  user_id: z.string(),
  audience: z.string(),
  scope: z.array(z.string()),
});

const MATCHING = `from consents c join users u on u.person_id = c.person_id
  where ($1::text is null or u.user_id = $1) and ($2::text is null or c.client_id = $2)
    and ($3::text is null or c.audience = $3)`;
const COLUMNS = 'c.id, c.client_id, u.user_id, c.audience, c.scopes';

/** What people allowed clients: seen, and taken back. */
@Injectable()
export class GrantsService {
  constructor(
    private readonly database: DataSource,
    private readonly artefacts: ArtefactsService,
    private readonly publicUrl: PublicUrl,
  ) {}

  list(query: ListQuery & GrantsFilter): Promise<unknown> {
    const { user_id, client_id, audience } = query;
    const filter = [user_id ?? null, client_id ?? null, audience === undefined ? null : this.inside(audience)];
    return listAnswer<GrantRow>(
      'grants',
      query,
      {
        page: async (offset, limit) => {
          const items = await this.database.query<GrantRow[]>(
            `select ${COLUMNS} ${MATCHING} order by c.id offset $4 limit $5`,
            [...filter, offset, limit],
          );
          const [all] = await this.database.query<[{ total: number }]>(
            `select count(*)::int as total ${MATCHING}`,
            filter,
          );
          return { items, total: all.total };
        },
        after: (cursor, limit) =>
          this.database.query<GrantRow[]>(
            `select ${COLUMNS} ${MATCHING} and ($4::uuid is null or c.id > $4::uuid) order by c.id limit $5`,
            [...filter, cursor === null ? null : idOf(cursor), limit],
          ),
        key: ({ id }) => `${KEY}${id}`,
      },
      (row) => this.show(row),
    );
  }

  /** With every token under it. */
  async delete(id: string): Promise<void> {
    if (!isUuid(id)) return;
    await this.database.transaction(async (tx) => {
      const found = await tx.findOneBy(ConsentEntity, { id });
      if (found) await this.artefacts.endConsents(tx, { personId: found.personId, id });
    });
  }

  async deleteAll(userId: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      const user = await tx.findOneBy(UserEntity, { userId });
      if (user) await this.artefacts.endConsents(tx, { personId: user.personId });
    });
  }

  private show({ id, client_id: clientID, user_id, audience, scopes: scope }: GrantRow): z.output<typeof grantAnswer> {
    return { id, clientID, user_id, audience: audience === '' ? this.publicUrl.of('/userinfo') : audience, scope };
  }

  /** The OpenID scopes alone are good for `/userinfo`, and stand under no API. */
  private inside(audience: string): string {
    return audience === this.publicUrl.of('/userinfo') ? '' : audience;
  }
}

const KEY = 'grant ';

/** @throws ValidationError */
function idOf(cursor: string): string {
  const id = cursor.slice(KEY.length);
  if (!cursor.startsWith(KEY) || !isUuid(id)) throw ValidationError.of('query', 'from', 'is not a cursor of this list');
  return id;
}
