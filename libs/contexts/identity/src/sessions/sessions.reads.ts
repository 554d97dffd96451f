import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { InexistentError } from '../registry.errors.js';
import { UserEntity } from '../users/user.entity.js';
import { type CheckpointQuery, checkpointPage, microseconds, type Position } from './checkpoint.js';
import { SESSION_HOURS } from './session-lifetime.js';
import { InexistentSessionError } from './sessions.errors.js';
import { type SessionRow, sessionView } from './session-view.js';

/** Live sessions. While two requests of one browser meet, the library may have two rows of it. */
const LIVE = `select f.uid as id, ${microseconds('f.created_at')}::text as at, u.user_id as "userId", f.created_at as "createdAt",
    f.updated_at as "updatedAt", s.since as "authenticatedAt", s.expires_at as "idleExpiresAt",
    s.since + make_interval(hours => ${SESSION_HOURS}) as "expiresAt",
    f.initial_ip as "initialIp", f.initial_user_agent as "initialUserAgent", f.last_ip as "lastIp",
    f.last_user_agent as "lastUserAgent",
    array(select jsonb_object_keys(coalesce(s.payload->'authorizations', '{}')) order by 1) as "clientIds",
    array(select jsonb_array_elements_text(coalesce(s.payload->'amr', '[]'))) as methods
  from session_facts f
  join users u on u.person_id = f.person_id
  cross join lateral (
    select a.expires_at, a.payload,
      coalesce(to_timestamp((a.payload->>'loginTs')::float8), f.created_at) as since
    from artefacts a
    where a.kind = 'Session' and a.uid = f.uid and a.person_id = f.person_id and a.expires_at > clock_timestamp()
    order by a.expires_at desc limit 1) s
  where f.ended_at is null`;

/** Looks at the sessions of people. */
@Injectable()
export class SessionsReads {
  constructor(private readonly database: DataSource) {}

  /** @throws InexistentError */
  async personOf(userId: string): Promise<string> {
    const user = await this.database.getRepository(UserEntity).findOneBy({ userId });
    if (!user) throw new InexistentError('user');
    return user.personId;
  }

  list(
    personId: string,
    query: CheckpointQuery,
    show: (row: SessionRow) => Record<string, unknown> = sessionView,
  ): Promise<Record<string, unknown>> {
    const read = (after: Position | null, limit: number) =>
      this.database.query<SessionRow[]>(
        `${LIVE} and f.person_id = $1 and ($2::bigint is null or (${microseconds('f.created_at')}, f.uid) < ($2, $3))
         order by f.created_at desc, f.uid desc limit $4`,
        [personId, after?.at ?? null, after?.id ?? null, limit],
      );
    return checkpointPage('sessions', `sessions of ${personId}`, query, read, show);
  }

  /** @throws InexistentSessionError */
  async get(id: string): Promise<Record<string, unknown>> {
    const [row] = await this.database.query<SessionRow[]>(`${LIVE} and f.uid = $1`, [id]);
    if (!row) throw new InexistentSessionError();
    return sessionView(row);
  }
}
