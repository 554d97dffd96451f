const RECORD_HEADER = "'\\x53520101'::bytea";
const SHORTEST_RECORD = 80;

const headerKeyId = (column: string): string => `encode(substring(${column} from 5 for 16), 'hex')::uuid`;

export interface KeyIdColumn {
  table: string;
  idColumn: string;
  sealedColumn: string;
  keyIdColumn: string;
}

/**
 * SQL for a migration: puts the key id of each record's header beside it, with an index. Postgres computes it from the
 * record, so no writer has to know of it and none can make the two disagree. Null where there is no record.
 */
export const keyIdColumnSql = ({ table, idColumn, sealedColumn, keyIdColumn }: KeyIdColumn): string => `
  alter table ${table} add column ${keyIdColumn} uuid generated always as (
    case when length(${sealedColumn}) >= ${SHORTEST_RECORD} and substring(${sealedColumn} for 4) = ${RECORD_HEADER}
      then ${headerKeyId(sealedColumn)} end
  ) stored;
  create index ${table}_${keyIdColumn} on ${table} (${keyIdColumn}, ${idColumn}) where ${keyIdColumn} is not null`;

/** Takes the column away again, and its index with it. */
export const dropKeyIdColumnSql = ({ table, keyIdColumn }: Pick<KeyIdColumn, 'table' | 'keyIdColumn'>): string =>
  `alter table ${table} drop column ${keyIdColumn}`;
