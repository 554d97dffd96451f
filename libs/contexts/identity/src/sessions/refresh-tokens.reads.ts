import { Injectable } from '@nestjs/common';
import { PublicUrl } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { apiUrn } from '../tokens/granted-apis.js';
import { type CheckpointQuery, checkpointPage, type Position } from './checkpoint.js';
import { type RefreshTokenRow, refreshTokenView } from './refresh-token-view.js';
import { isUuid } from './uuid.js';
import { InexistentRefreshTokenError } from './sessions.errors.js';

export interface RefreshTokensOf {
  personId: string;
  clientId?: string | undefined;
}

/** `$1` is what APIs are named by inside. The device is that of the session, while there is one. */
const LIVE = `select * from (
    select t.family_id as id, to_timestamp((t.payload->>'iiat')::float8) as "createdAt",
      (t.payload->>'iiat')::bigint * 1000000 as at, t.person_id, u.user_id as "userId",
      t.client_id as "clientId", t.payload->>'sessionUid' as "sessionId", t.expires_at as "endsAt",
      t.last_exchanged_at as "lastExchangedAt", c.refresh_token as settings, r.identifier as audience,
      coalesce(t.payload->>'scope', '') as scope, f.initial_ip as "initialIp",
      f.initial_user_agent as "initialUserAgent", f.last_ip as "lastIp", f.last_user_agent as "lastUserAgent"
    from artefacts t
    join artefacts g on g.kind = 'Grant' and g.grant_id = t.grant_id and g.expires_at > clock_timestamp()
    join users u on u.person_id = t.person_id
    join clients c on c.client_id = t.client_id
    left join resource_servers r on t.payload->>'resource' = $1 || r.id
    left join session_facts f on f.uid = t.payload->>'sessionUid'
    where t.kind = 'RefreshToken' and t.consumed_at is null and t.expires_at > clock_timestamp()) live
  where`;

/** Looks at refresh tokens: never at one itself, only at what it is for. */
@Injectable()
export class RefreshTokensReads {
  constructor(
    private readonly database: DataSource,
    private readonly publicUrl: PublicUrl,
  ) {}

  list(plural: string, { personId, clientId }: RefreshTokensOf, query: CheckpointQuery) {
    const read = (after: Position | null, limit: number) =>
      this.database.query<RefreshTokenRow[]>(
        `${LIVE} person_id = $2 and ($3::text is null or "clientId" = $3)
           and ($4::bigint is null or (at, id::text) < ($4, $5))
         order by at desc, id::text desc limit $6`,
        [apiUrn({ id: '' }), personId, clientId ?? null, after?.at ?? null, after?.id ?? null, limit],
      );
    return checkpointPage(plural, `${plural} of ${personId} at ${clientId ?? '*'}`, query, read, (row) =>
      this.show(row),
    );
  }

  /** @throws InexistentRefreshTokenError */
  async get(id: string) {
    const [row] = isUuid(id)
      ? await this.database.query<RefreshTokenRow[]>(`${LIVE} id = $2`, [apiUrn({ id: '' }), id])
      : [];
    if (!row) throw new InexistentRefreshTokenError();
    return this.show(row);
  }

  private show(row: RefreshTokenRow) {
    return refreshTokenView(row, this.publicUrl.of('/userinfo'));
  }
}
