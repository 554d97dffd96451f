import type { EntityManager } from 'typeorm';
import type { KeyLog } from '../key-log.js';
import type { KeyRing } from '../key-ring.js';
import { open, recordKeyId, seal } from '../record.js';
import { UnreadableRecord } from '../unreadable-record.error.js';
import type { RewrapTarget } from './rotation.types.js';

const BATCH = 200;

type Row = Record<string, string> & { rewrap_id: string; rewrap_sealed: Buffer };

/**
 * Moves the next records under `keyId` to the primary key and stores how far it has come. The rows are locked, and
 * those that somebody else has locked are left for the next pass: a deletion never waits for us in a circle.
 *
 * @returns how many were looked at; 0 at the end of a pass
 */
export async function rewrapBatch(
  tx: EntityManager,
  { ring, targets, logger }: { ring: KeyRing; targets: readonly RewrapTarget[]; logger?: KeyLog | undefined },
  keyId: string,
  most: number,
): Promise<number> {
  for (const target of targets) {
    const rows = await nextRows(tx, target, keyId, Math.min(BATCH, most));
    if (rows.length === 0) continue;
    for (const row of rows) {
      const moved = rewrapped(ring, target, row, logger);
      if (moved)
        await tx.query(`update ${target.table} set ${target.sealedColumn} = $2 where ${target.idColumn} = $1`, [
          row.rewrap_id,
          moved,
        ]);
    }
    await tx.query(
      `insert into rewrap_cursors (key_id, target, after_id) values ($1, $2, $3)
       on conflict (key_id, target) do update set after_id = excluded.after_id`,
      [keyId, nameOf(target), rows.at(-1)!.rewrap_id],
    );
    return rows.length;
  }
  // What was locked or did not open is looked at once more, from the beginning.
  await tx.query('delete from rewrap_cursors where key_id = $1', [keyId]);
  return 0;
}

async function nextRows(tx: EntityManager, target: RewrapTarget, keyId: string, most: number): Promise<Row[]> {
  const { table, idColumn, sealedColumn, keyIdColumn, columns = [] } = target;
  const cursor: { after_id: string }[] = await tx.query(
    'select after_id from rewrap_cursors where key_id = $1 and target = $2',
    [keyId, nameOf(target)],
  );
  const after = cursor[0]?.after_id;
  const wanted = [...new Set([idColumn, ...columns])].map((column) => `${column}::text as ${column}`);
  return tx.query(
    `select ${idColumn}::text as rewrap_id, ${sealedColumn} as rewrap_sealed, ${wanted.join(', ')} from ${table}
     where ${keyIdColumn} = $1 ${after === undefined ? '' : `and ${idColumn} > $2`}
     order by ${table}.${idColumn} limit ${most} for update skip locked`,
    after === undefined ? [keyId] : [keyId, after],
  );
}

function rewrapped(ring: KeyRing, target: RewrapTarget, row: Row, logger?: KeyLog): Buffer | undefined {
  const { rewrap_id: id, rewrap_sealed: sealed } = row;
  const aad = target.aad(row, ring.installationId);
  try {
    const bytes = open(ring.byId(recordKeyId(sealed)), sealed, aad);
    try {
      return seal(ring.primary(), bytes, aad);
    } finally {
      bytes.fill(0);
    }
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    logger?.error({ table: target.table, column: target.sealedColumn, id }, 'a record does not open and cannot move');
    return undefined;
  }
}

const nameOf = ({ table, sealedColumn }: RewrapTarget): string => `${table}.${sealedColumn}`;
