import type { DataSource } from 'typeorm';

export interface DeletedTokenset {
  tokensetId: string;
  keyId: string;
  deletedAt: Date;
}

/** Every tokenset the ledger knows to be gone, for an operator who has restored an older database. */
export function deletedTokensets(database: DataSource): Promise<DeletedTokenset[]> {
  return database.query(
    `SELECT data->>'tokensetId' AS "tokensetId", data->>'keyId' AS "keyId", occurred_at AS "deletedAt"
     FROM ledger WHERE name = 'tokenset.deleted' ORDER BY n`,
  );
}
