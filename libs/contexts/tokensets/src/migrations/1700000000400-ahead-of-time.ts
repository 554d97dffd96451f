import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When a tokenset may be refreshed ahead of time, beside what it is made of, so that an index finds those that are due.
 * `spread` (0 to 1) is the id's own, by its SHA-256: tokens that were given at the same moment are not refreshed at the
 * same one. `connected_at` is the person's last consent; keep-alive refreshes leave it as it is.
 */
export class AheadOfTime1700000000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE tokensets
        ADD COLUMN spread double precision NOT NULL GENERATED ALWAYS AS (
          (get_byte(sha256(id::bytea), 0) * 65536 + get_byte(sha256(id::bytea), 1) * 256 + get_byte(sha256(id::bytea), 2))
            / 16777216.0::double precision) STORED,
        ADD COLUMN early_at timestamptz,
        ADD COLUMN connected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        ADD COLUMN forced_at timestamptz;
      UPDATE tokensets SET connected_at = created_at,
        early_at = access_issued_at + (access_expires_at - access_issued_at) * (0.70 + 0.20 * spread);
      CREATE FUNCTION tokensets_early_at() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE hash bytea := sha256(NEW.id::bytea);
        BEGIN
          -- a generated column has no value before the row is written
          NEW.early_at := NEW.access_issued_at + (NEW.access_expires_at - NEW.access_issued_at) * (0.70 + 0.20 *
            (get_byte(hash, 0) * 65536 + get_byte(hash, 1) * 256 + get_byte(hash, 2)) / 16777216.0);
          RETURN NEW;
        END $$;
      CREATE TRIGGER tokensets_early_at BEFORE INSERT OR UPDATE OF access_issued_at, access_expires_at ON tokensets
        FOR EACH ROW EXECUTE FUNCTION tokensets_early_at();
      CREATE INDEX tokensets_early ON tokensets (connection_id, early_at)
        WHERE status = 'active' AND refresh_sealed IS NOT NULL;
      CREATE INDEX tokensets_idle ON tokensets (connection_id, access_issued_at)
        WHERE status = 'active' AND refresh_sealed IS NOT NULL;
      CREATE INDEX tokensets_unused ON tokensets (greatest(last_used_at, connected_at));
      CREATE INDEX tokensets_ended ON tokensets (refresh_expires_at) WHERE refresh_expires_at IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX tokensets_ended;
      DROP INDEX tokensets_unused;
      DROP INDEX tokensets_idle;
      DROP INDEX tokensets_early;
      DROP TRIGGER tokensets_early_at ON tokensets;
      DROP FUNCTION tokensets_early_at();
      ALTER TABLE tokensets DROP COLUMN forced_at, DROP COLUMN connected_at, DROP COLUMN early_at, DROP COLUMN spread`);
  }
}
