import type { EntityManager } from 'typeorm';
import { keyIdBytes } from '../key-id.js';
import type { RewrapTarget } from './rotation.types.js';

/** Records per key over all targets. One statement, so one snapshot: nothing moves between two tables while it counts. */
export async function recordsPerKey(
  tx: EntityManager,
  targets: readonly RewrapTarget[],
): Promise<ReadonlyMap<string, number>> {
  if (targets.length === 0) return new Map();
  const each = targets.map(
    ({ table, keyIdColumn }) => `select ${keyIdColumn} as id from ${table} where ${keyIdColumn} is not null`,
  );
  const rows: { id: string; records: string }[] = await tx.query(
    `select id, count(*) as records from (${each.join(' union all ')}) r group by id`,
  );
  return new Map(rows.map(({ id, records }) => [id, Number(records)]));
}

/** As the column says, by the index. */
export async function recordsUnder(
  tx: EntityManager,
  targets: readonly RewrapTarget[],
  keyId: string,
): Promise<number> {
  return sum(
    tx,
    targets.map(({ table, keyIdColumn }) => `select count(*) as n from ${table} where ${keyIdColumn} = $1`),
    keyId,
  );
}

/** As the records themselves say, every one of them read. */
export async function headersUnder(
  tx: EntityManager,
  targets: readonly RewrapTarget[],
  keyId: string,
): Promise<number> {
  const each = targets.map(
    ({ table, sealedColumn }) =>
      `select count(*) as n from ${table} where substring(${sealedColumn} from 5 for 16) = $1`,
  );
  return sum(tx, each, keyIdBytes(keyId));
}

async function sum(tx: EntityManager, selects: readonly string[], parameter: unknown): Promise<number> {
  if (selects.length === 0) return 0;
  const rows: { n: string }[] = await tx.query(`select sum(n) as n from (${selects.join(' union all ')}) c`, [
    parameter,
  ]);
  return Number(rows[0]!.n);
}
