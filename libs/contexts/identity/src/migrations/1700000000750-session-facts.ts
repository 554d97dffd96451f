import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Sessions get facts of their own, and grants say which session they came from. */
export class SessionFacts1700000000750 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table session_facts (
        uid text primary key,
        person_id uuid not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        initial_ip text,
        initial_user_agent text,
        last_ip text,
        last_user_agent text,
        ended_at timestamptz
      );
      create index session_facts_person on session_facts (person_id);
      create index session_facts_settled on session_facts ((coalesce(ended_at, updated_at)));

      insert into session_facts (uid, person_id, created_at, updated_at)
      select uid, person_id, min(created_at), max(created_at) from artefacts
      where kind = 'Session' and uid is not null and person_id is not null group by uid, person_id
      on conflict do nothing;

      update artefacts g set uid = s.uid
      from artefacts s, jsonb_each(s.payload->'authorizations') as a(client_id, state)
      where s.kind = 'Session' and g.kind = 'Grant' and g.grant_id = a.state->>'grantId';
      update artefacts g set uid = t.payload->>'sessionUid'
      from artefacts t
      where t.kind = 'RefreshToken' and g.kind = 'Grant' and g.uid is null and g.grant_id = t.grant_id;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      update artefacts set uid = null where kind = 'Grant';
      drop table session_facts;
    `);
  }
}
