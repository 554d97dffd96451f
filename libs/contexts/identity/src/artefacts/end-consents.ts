import type { EntityManager } from 'typeorm';
import { apiUrn } from '../tokens/granted-apis.js';
import { endArtefacts } from './end-artefacts.js';
import { lockArtefacts } from './lock-artefacts.js';

/** What a person allowed: all, or one of it. */
export interface ConsentsOf {
  personId: string;
  id?: string | undefined;
}

const DELETE = `with gone as (
    delete from consents where person_id = $1 and ($2::uuid is null or id = $2) returning client_id, audience)
  select client_id, audience from gone`;

/**
 * Grants that hold something of what was allowed; of an API that is gone, all grants of that client. Asked after the
 * consents are gone: a grant that is there by then is seen, and one that comes later sees that they are.
 */
const GRANTS = `with gone as (
    select client_id, audience from jsonb_to_recordset($2::jsonb) as deleted(client_id text, audience text))
  select distinct g.grant_id from gone
  left join resource_servers r on r.identifier = gone.audience
  join artefacts g on g.kind = 'Grant' and g.person_id = $1 and g.client_id = gone.client_id and g.consumed_at is null
  where case when gone.audience = '' then g.payload ? 'openid'
    else r.id is null or g.payload->'resources' ? ($3 || r.id) end`;

/** Ends consents with every grant under them: what was handed out is dead, and the next sign-in asks again. */
export async function endConsents(tx: EntityManager, { personId, id }: ConsentsOf): Promise<void> {
  await lockArtefacts(tx, { personId }); // before the consents, as whoever ends the person or the client
  const gone = await tx.query<unknown[]>(DELETE, [personId, id ?? null]);
  const grants = await tx.query<{ grant_id: string }[]>(GRANTS, [personId, JSON.stringify(gone), apiUrn({ id: '' })]);
  await endArtefacts(
    tx,
    'grant_id',
    grants.map(({ grant_id }) => grant_id),
  );
}
