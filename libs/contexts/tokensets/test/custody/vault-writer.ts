import type { Bench } from '../bench.js';

export const FIELDS = ['access', 'refresh'] as const;
export type Field = (typeof FIELDS)[number];

export interface Account {
  personId: string;
  connectionId: string;
  tokensetId: string;
  accountId: string;
}

/** A credential as it once stood in its row. */
export interface Version {
  account: Account;
  version: number;
  keyId: string;
  sealed: Record<Field, Buffer>;
}

/** A record and where it is right. */
export interface Place {
  of: Version;
  field: Field;
}

/** Somebody who may write to every table and knows no key. */
export class VaultWriter {
  constructor(private readonly bench: Bench) {}

  async read(account: Account): Promise<Version> {
    const { rows } = await this.bench.sql.query<{ cred_version: number; key_id: string } & Record<string, Buffer>>(
      'SELECT cred_version, key_id, access_sealed, refresh_sealed FROM tokensets WHERE id = $1',
      [account.tokensetId],
    );
    const { cred_version: version, key_id: keyId, access_sealed: access, refresh_sealed: refresh } = rows[0]!;
    return { account, version, keyId, sealed: { access: access!, refresh: refresh! } };
  }

  /** The row as it was at a version, but for what is put into one of its fields; that field is what is needed next. */
  async put(target: Place, record: Buffer, keyId = target.of.keyId): Promise<void> {
    const { account, version, sealed } = target.of;
    const fields = { ...sealed, [target.field]: record };
    const { tokensetId: id } = account;
    await this.bench.sql.query('DELETE FROM refresh_attempts WHERE tokenset_id = $1', [id]);
    await this.bench.sql.query(
      `UPDATE tokensets SET status = 'active', reason = NULL, cred_version = $2, key_id = $3, access_sealed = $4,
         refresh_sealed = $5, lease_until = NULL, next_attempt_at = NULL, failures = 0,
         access_issued_at = clock_timestamp() - interval '2 hours',
         access_expires_at = clock_timestamp() + make_interval(hours => $6) WHERE id = $1`,
      [id, version, keyId, fields.access, fields.refresh, target.field === 'access' ? 1 : -1],
    );
  }

  /** Gives the row away by its plain columns. Returns what undoes it. */
  async move({ tokensetId }: Account, columns: Record<string, string>): Promise<() => Promise<void>> {
    const names = Object.keys(columns);
    const { rows } = await this.bench.sql.query<Record<string, string>>(
      `SELECT ${names.join(', ')} FROM tokensets WHERE id = $1`,
      [tokensetId],
    );
    const set = async (values: Record<string, string>): Promise<void> => {
      const assignments = names.map((name, n) => `${name} = $${n + 2}`).join(', ');
      const given = names.map((name) => values[name]);
      await this.bench.sql.query(`UPDATE tokensets SET ${assignments} WHERE id = $1`, [tokensetId, ...given]);
    };
    await set(columns);
    return () => set(rows[0]!);
  }

  /** Puts the wrapped key of one tokenset in the place of another's. Returns what undoes it. */
  async giveKey(toId: string, fromId: string): Promise<() => Promise<void>> {
    const wrappedOf = async (keyId: string): Promise<Buffer> => {
      const text = 'SELECT wrapped FROM tokenset_keys WHERE key_id = $1';
      return (await this.bench.sql.query<{ wrapped: Buffer }>(text, [keyId])).rows[0]!.wrapped;
    };
    const put = async (wrapped: Buffer): Promise<void> => {
      await this.bench.sql.query('UPDATE tokenset_keys SET wrapped = $2 WHERE key_id = $1', [toId, wrapped]);
    };
    const own = await wrappedOf(toId);
    await put(await wrappedOf(fromId));
    return () => put(own);
  }
}
