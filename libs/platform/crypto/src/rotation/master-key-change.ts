import type { EntityManager } from 'typeorm';
import { WrappedKeyCorrupt } from '../crypto.errors.js';
import type { InstallationKeys } from '../installation-keys.js';
import { everyProcessHas } from './live-processes.js';

interface WrappedRow {
  id: string;
  version: number;
  wrapped: Buffer;
  check_record: Buffer;
  master_key_id: string | null;
}

export interface MovedKey {
  id: string;
  from: Buffer;
  to: Buffer;
}

/**
 * The keys that are not wrapped by the first master key, wrapped by it: once every process has it first, so that none
 * starts again without. Asks the key service, so it runs outside any transaction. What comes back was opened again
 * before it replaces anything.
 */
export async function wrappedByFirst(keys: InstallationKeys, installationId: string): Promise<MovedKey[]> {
  const first = keys.masterKeys.keyNames[0];
  if (first === undefined) return [];
  const rows: WrappedRow[] = await keys.database.query(
    `select id, version, wrapped, check_record, master_key_id from installation_keys
     where wrapped is not null and master_key_id is distinct from $1 order by version`,
    [first],
  );
  if (rows.length === 0) return [];
  const wanted = { kind: 'master', key: first, states: ['wraps'] } as const;
  if (!(await everyProcessHas(keys.database.manager, wanted))) return [];
  const moved: MovedKey[] = [];
  for (const row of rows) {
    const wrapped = await rewrapped(keys, installationId, row).catch(unlessCorrupt);
    if (wrapped) moved.push({ id: row.id, from: row.wrapped, to: wrapped });
  }
  return moved;
}

async function rewrapped(keys: InstallationKeys, installationId: string, row: WrappedRow): Promise<Buffer> {
  const isThere = keys.masterKeys.wrappedBy(row.wrapped) === keys.masterKeys.keyNames[0];
  const wrapped = isThere ? row.wrapped : await keys.rewrap(installationId, row);
  await keys.unwrap(installationId, { ...row, wrapped });
  return wrapped;
}

/** A key that no master key here opens stays as it is, and keeps no other waiting; the ring has told of it. */
function unlessCorrupt(error: unknown): undefined {
  if (!(error instanceof WrappedKeyCorrupt)) throw error;
}

/** @returns whether a key is wrapped by another master key than before */
export async function storeWrapped(tx: EntityManager, moved: readonly MovedKey[], first: string): Promise<boolean> {
  let hasChanged = false;
  for (const { id, from, to } of moved) {
    const [, stored] = await tx.query<[unknown, number]>(
      'update installation_keys set wrapped = $3, master_key_id = $4 where id = $1 and wrapped = $2',
      [id, from, to, first],
    );
    hasChanged ||= stored === 1 && !from.equals(to);
  }
  return hasChanged;
}
