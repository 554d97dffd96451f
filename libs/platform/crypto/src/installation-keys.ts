import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { secretAad } from './aad-rows.js';
import { NoKeyForSealedRowsError, WrappedKeyCorrupt } from './crypto.errors.js';
import type { MasterKeys, WrappedKeyContext } from './master-keys.js';
import { open, seal } from './record.js';
import { SealingKey } from './sealing-key.js';
import { UnreadableRecord } from './unreadable-record.error.js';

interface KeyRow {
  id: string;
  version: number;
  state: string;
  wrapped: Buffer;
  check_record: Buffer;
}

export interface InstallationKeys {
  installationId: string;
  primary: SealingKey;
  /** Every key that may still open something. */
  byId: ReadonlyMap<string, SealingKey>;
}

export interface KeyRingOptions {
  database: DataSource;
  masterKeys: MasterKeys;
  /** Whose keys these are. The same in every process and for ever: it is part of how they are wrapped. */
  context: 'tokensets' | 'identity';
}

/** Unwraps the keys of a schema; an empty schema gets its first one. */
export async function loadInstallationKeys(options: KeyRingOptions): Promise<InstallationKeys> {
  const installationId = (await readInstallation(options)) ?? (await createInstallation(options));
  // A retired key opens nothing; a destroyed one has no bytes left.
  const rows: KeyRow[] = await options.database.query(
    `select id, version, state, wrapped, check_record from installation_keys
     where state in ('pre_active', 'primary', 'retiring') order by version`,
  );
  const byId = new Map<string, SealingKey>();
  for (const row of rows) byId.set(row.id, await unwrapped(options, installationId, row));
  const primary = byId.get(rows.find(({ state }) => state === 'primary')?.id ?? '');
  if (!primary) throw new NoKeyForSealedRowsError(options.context);
  return { installationId, primary, byId };
}

async function readInstallation({ database }: KeyRingOptions): Promise<string | undefined> {
  const rows: { id: string }[] = await database.query('select id from installation');
  return rows[0]?.id;
}

/** Of processes that start at once on an empty schema one creates it; the others take what that one wrote. */
async function createInstallation(options: KeyRingOptions): Promise<string> {
  const installationId = randomUUID();
  const first = await newKey(options, installationId, 1);
  await options.database.transaction(async (tx) => {
    // Decides the race: a second insert waits for the first to commit and then does nothing.
    const created: unknown[] = await tx.query(
      'insert into installation (id) values ($1) on conflict do nothing returning id',
      [installationId],
    );
    if (created.length > 0)
      await tx.query(
        `insert into installation_keys (id, version, state, wrapped, check_record) values ($1, $2, 'primary', $3, $4)`,
        [first.id, first.version, first.wrapped, first.check_record],
      );
  });
  const winner = await readInstallation(options);
  if (!winner) throw new Error('the installation row is gone');
  return winner;
}

async function newKey(
  options: KeyRingOptions,
  installationId: string,
  version: number,
): Promise<Omit<KeyRow, 'state'>> {
  const id = randomUUID();
  const bytes = randomBytes(32);
  try {
    const wrapped = await options.masterKeys.wrap(bytes, wrappedContext(options, installationId, { id, version }));
    const check_record = seal(SealingKey.from(id, bytes), CHECK, checkAad(options, installationId, id));
    return { id, version, wrapped, check_record };
  } finally {
    bytes.fill(0);
  }
}

async function unwrapped(options: KeyRingOptions, installationId: string, row: KeyRow): Promise<SealingKey> {
  try {
    const bytes = await options.masterKeys.unwrap(row.wrapped, wrappedContext(options, installationId, row));
    const key = SealingKey.from(row.id, bytes);
    bytes.fill(0);
    open(key, row.check_record, checkAad(options, installationId, row.id));
    return key;
  } catch (error) {
    const isWrongKey = error instanceof WrappedKeyCorrupt || error instanceof UnreadableRecord;
    throw isWrongKey ? new NoKeyForSealedRowsError(options.context, row.id) : error;
  }
}

const CHECK = Buffer.from('strongroom');

const checkAad = ({ context }: KeyRingOptions, installationId: string, keyId: string): Buffer =>
  secretAad({ kind: 'check', installationId, ownerId: keyId, field: context });

const wrappedContext = (
  { context }: KeyRingOptions,
  installationId: string,
  key: { id: string; version: number },
): WrappedKeyContext => ({
  purpose: 'installation-key',
  installationId,
  context,
  keyId: key.id,
  version: key.version,
});
