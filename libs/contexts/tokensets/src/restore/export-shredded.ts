import type { DataSource } from 'typeorm';
import type { ShreddedKey } from './shredded-key.js';

/** Everything that was ever shredded, oldest first: ids and times, nothing that would open anything. */
export async function exportShredded(database: DataSource): Promise<ShreddedKey[]> {
  const rows = await database.query<(Omit<ShreddedKey, 'shreddedAt'> & { shreddedAt: Date })[]>(
    `SELECT key_id AS "keyId", tokenset_id AS "tokensetId", shredded_at AS "shreddedAt",
       NOT EXISTS (SELECT FROM tokensets t WHERE t.id = s.tokenset_id) AS "isDeleted"
     FROM shredded_keys s ORDER BY shredded_at, key_id`,
  );
  return rows.map((row) => ({ ...row, shreddedAt: row.shreddedAt.toISOString() }));
}
