import type { DataSource } from 'typeorm';

/** A row of `artefacts` as it is about to be written. */
export interface NewArtefact {
  hash: Buffer;
  grantId: string | null;
  uid: string | null;
  personId: string | null;
  clientId: string | null;
  expiresIn: number;
  payload: string;
}

export interface Device {
  ip: string | null;
  userAgent: string | null;
}

/**
 * Writes the session of a person, with what is known of the browser. Not one that was ended meanwhile: the row of its
 * facts, which whoever ends it locks, decides. What another request of the browser has noted of its client stays.
 */
const KEEP_SESSION = `with fact as (
    insert into session_facts as f (uid, person_id, initial_ip, initial_user_agent, last_ip, last_user_agent)
    values ($2, $4, $7, $8, $7, $8)
    on conflict (uid) do update set updated_at = clock_timestamp(),
      last_ip = coalesce(excluded.last_ip, f.last_ip),
      last_user_agent = coalesce(excluded.last_user_agent, f.last_user_agent)
      where f.ended_at is null and f.person_id = excluded.person_id
    returning uid, person_id)
  insert into artefacts (kind, id_hash, grant_id, uid, person_id, client_id, expires_at, payload)
  select 'Session', $1, $3, uid, person_id, $5, clock_timestamp() + make_interval(secs => $6), $9 from fact
  on conflict (kind, id_hash) do update set uid = excluded.uid, person_id = excluded.person_id,
    expires_at = excluded.expires_at, payload = excluded.payload || jsonb_build_object('authorizations',
      coalesce(artefacts.payload->'authorizations', '{}') || coalesce(excluded.payload->'authorizations', '{}'))`;

/**
 * Writes a code, and from which session its grant is; all that a person grants begins with one. None in a session that
 * was ended meanwhile: what a code gives would stand on nothing that ends.
 */
const KEEP_CODE = `with fact as (select ended_at from session_facts where uid = $2 for share),
  linked as (
    update artefacts set uid = $2 where kind = 'Grant' and grant_id = $3 and uid is distinct from $2
      and not exists (select 1 from fact where ended_at is not null))
  insert into artefacts (kind, id_hash, grant_id, uid, person_id, client_id, expires_at, payload)
  select 'AuthorizationCode', $1, $3, $2, $4::uuid, $5, clock_timestamp() + make_interval(secs => $6), $7
  where not exists (select 1 from fact where ended_at is not null)
  on conflict (kind, id_hash) do update set payload = excluded.payload, expires_at = excluded.expires_at`;

export async function keepSession(database: DataSource, row: NewArtefact, device: Device): Promise<void> {
  const { hash, uid, grantId, personId, clientId, expiresIn, payload } = row;
  const { ip, userAgent } = device;
  await database.query(KEEP_SESSION, [
    ...[hash, uid, grantId, personId, clientId, expiresIn],
    ...[ip, userAgent?.slice(0, 500) ?? null, payload],
  ]);
}

export async function keepCode(database: DataSource, row: NewArtefact): Promise<void> {
  const { hash, uid, grantId, personId, clientId, expiresIn, payload } = row;
  await database.query(KEEP_CODE, [hash, uid, grantId, personId, clientId, expiresIn, payload]);
}
