import { randomBytes, randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { secretAad } from './aad-rows.js';
import type { KeyUsage } from './key-counters.js';
import type { MasterKeys, WrappedKeyContext } from './master-keys.js';
import { open, seal } from './record.js';
import type { KeyState } from './rotation/rotation.types.js';
import { SealingKey } from './sealing-key.js';

export interface InstallationKeyRow {
  id: string;
  version: number;
  state: KeyState;
  /** Null: destroyed. */
  wrapped: Buffer | null;
  check_record: Buffer | null;
  /** Somebody has tried to open under it although it was retired. */
  is_wanted: boolean;
}

export interface NewInstallationKey {
  id: string;
  version: number;
  wrapped: Buffer;
  check_record: Buffer;
  master_key_id: string | null;
}

/** How the keys of one context are made, kept and opened. */
export class InstallationKeys {
  constructor(
    readonly database: DataSource,
    readonly masterKeys: MasterKeys,
    readonly context: string,
  ) {}

  async installationId(): Promise<string | undefined> {
    const rows: { id: string }[] = await this.database.query('select id from installation');
    return rows[0]?.id;
  }

  rows(): Promise<InstallationKeyRow[]> {
    return this.database.query(
      `select id, version, state, wrapped, check_record, wanted_at is not null as is_wanted
       from installation_keys order by version`,
    );
  }

  /** Of processes that start at once on an empty schema one creates it; the others take what that one wrote. */
  async create(): Promise<string> {
    const installationId = randomUUID();
    const first = await this.make(installationId, 1);
    await this.database.transaction(async (tx) => {
      // Decides the race: a second insert waits for the first to commit and then does nothing.
      const created: unknown[] = await tx.query(
        'insert into installation (id) values ($1) on conflict do nothing returning id',
        [installationId],
      );
      if (created.length > 0)
        await tx.query(
          `insert into installation_keys (id, version, state, wrapped, check_record, master_key_id)
           values ($1, $2, 'primary', $3, $4, $5)`,
          [first.id, first.version, first.wrapped, first.check_record, first.master_key_id],
        );
    });
    const winner = await this.installationId();
    if (!winner) throw new Error('the installation row is gone');
    return winner;
  }

  /** A new key, wrapped and not stored yet. */
  async make(installationId: string, version: number): Promise<NewInstallationKey> {
    const id = randomUUID();
    const bytes = randomBytes(32);
    try {
      const wrapped = await this.masterKeys.wrap(bytes, this.boundTo(installationId, { id, version }));
      const check_record = seal(SealingKey.from(id, bytes), CHECK, this.checkAad(installationId, id));
      return { id, version, wrapped, check_record, master_key_id: this.masterKeys.wrappedBy(wrapped) ?? null };
    } finally {
      bytes.fill(0);
    }
  }

  /** @throws WrappedKeyCorrupt, UnreadableRecord if these are not the bytes that were stored, and what `unwrap` throws */
  async unwrap(
    installationId: string,
    row: { id: string; version: number; wrapped: Buffer; check_record: Buffer },
    usage?: KeyUsage,
  ): Promise<SealingKey> {
    const bytes = await this.masterKeys.unwrap(row.wrapped, this.boundTo(installationId, row));
    try {
      const key = SealingKey.from(row.id, bytes, usage);
      open(key, row.check_record, this.checkAad(installationId, row.id));
      return key;
    } finally {
      bytes.fill(0);
    }
  }

  /** The same key under the first master key. */
  async rewrap(installationId: string, row: { id: string; version: number; wrapped: Buffer }): Promise<Buffer> {
    const context = this.boundTo(installationId, row);
    if (this.masterKeys.rewrap) return this.masterKeys.rewrap(row.wrapped, context);
    const bytes = await this.masterKeys.unwrap(row.wrapped, context);
    try {
      return await this.masterKeys.wrap(bytes, context);
    } finally {
      bytes.fill(0);
    }
  }

  private boundTo(installationId: string, { id, version }: { id: string; version: number }): WrappedKeyContext {
    return { purpose: 'installation-key', installationId, context: this.context, keyId: id, version };
  }

  private checkAad(installationId: string, keyId: string): Buffer {
    return secretAad({ kind: 'check', installationId, ownerId: keyId, field: this.context });
  }
}

const CHECK = Buffer.from('strongroom');
