import { deletedTokensets } from '@strongroom/audit';
import { serviceNames } from '@strongroom/contracts';
import { runningPostgres, settleDatabaseHome } from '@strongroom/persistence';
import { exportShredded, finishRestore, type ShreddedKey } from '@strongroom/tokensets';
import { contexts } from '../contexts.js';
import { type OwnedDatabases, type Where, withDatabase, withOwnedDatabases } from './owned-databases.js';
import { readShredded, writeShredded } from './shredded-file.js';

type Say = (line: string) => void;

/** In this order: a start is refused until the last step, so that what fails on the way cannot be served. */
export async function finish(where: Where, shreddedFile: string | undefined, say: Say): Promise<void> {
  const listed = shreddedFile === undefined ? [] : await readShredded(shreddedFile);
  await withOwnedDatabases(where, async (databases) => {
    const inLedger = await ofLedger(databases);
    say(`${listed.length} erased keys in the list, ${inLedger.length} deletions in the ledger`);
    if (shreddedFile === undefined)
      say('without --shredded, what was deleted later than both backup and ledger comes back');
    const done = await withDatabase(databases.tokensets, (source) => finishRestore(source, [...listed, ...inLedger]));
    say(`tokensets: ${done.deleted} deleted again, ${done.replaced} connected anew since and now to be reconnected`);
    say(`tokensets: ${done.restored} marked as restored, ${done.unknown} attempts closed as unknown`);
    for (const service of serviceNames) {
      const { url, schema } = databases[service];
      const isNew = await settleDatabaseHome(url, schema);
      say(`${service}: ${isNew ? 'settled on this Postgres server' : 'was on this Postgres server already'}`);
    }
  });
  say('the databases may be served.');
}

export async function exportTo(where: Where, path: string, say: Say): Promise<void> {
  const keys = await shreddedKeys(where);
  await writeShredded(path, keys);
  say(`${path}: ${keys.length} erased keys`);
}

/** Reading disturbs nobody: a standalone server goes on meanwhile. */
async function shreddedKeys(where: Where): Promise<ShreddedKey[]> {
  const running = where.dataDir === undefined ? undefined : await runningPostgres(where.dataDir);
  if (running !== undefined) return withDatabase(contexts.tokensets(running), exportShredded);
  return withOwnedDatabases(where, ({ tokensets }) => withDatabase(tokensets, exportShredded));
}

/** The ledger may be newer than what was restored, and tells of deletions that no list holds. */
async function ofLedger({ audit }: OwnedDatabases): Promise<ShreddedKey[]> {
  const deleted = await withDatabase(audit, deletedTokensets);
  return deleted.map(({ tokensetId, keyId, deletedAt }) => ({
    tokensetId,
    keyId,
    shreddedAt: deletedAt.toISOString(),
    isDeleted: true,
  }));
}
