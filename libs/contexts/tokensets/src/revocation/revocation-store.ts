import { Injectable } from '@nestjs/common';
import { tokensetRevoked } from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { changed } from '../rows.js';
import { toldOf, type RevocationRow, TOLD_COLUMNS } from './told-revocation.js';
import type { DueRevocation, Postponed, RevocationPlace, Settled } from './revocation.types.js';

/** Longer than two calls to a provider take; a process that was killed is replaced after it. */
const LEASE = "interval '60 seconds'";
const KEPT = "interval '30 days'";

/** Somebody has connected the account again, or holds it through another connection: through which. */
const HELD_BY = `ARRAY(
  SELECT DISTINCT t.connection_id FROM tokensets t WHERE t.provider_subject <> ''
    AND t.provider_subject = r.provider_subject AND t.provider_tenant = r.provider_tenant
    AND (t.connection_id = r.connection_id OR (t.provider_issuer <> '' AND t.provider_issuer = r.provider_issuer))
    AND (t.access_sealed IS NOT NULL OR t.refresh_sealed IS NOT NULL))`;

/** The records of revocations as SQL. Whoever claims one holds its fence; any other write to it needs another. */
@Injectable()
export class RevocationStore {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
  ) {}

  /** The one that has waited longest, for this process alone. */
  async claim(): Promise<DueRevocation | undefined> {
    const [row] = await changed<DueRevocation>(
      this.database.manager,
      `UPDATE revocations r SET fence = fence + 1, lease_until = clock_timestamp() + ${LEASE},
         attempts = attempts + CASE WHEN give_up_at > clock_timestamp() THEN 1 ELSE 0 END
       WHERE id = (
         SELECT id FROM revocations WHERE outcome IS NULL AND next_attempt_at <= clock_timestamp()
           AND (lease_until IS NULL OR lease_until < clock_timestamp())
         ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING id AS "recordId", tokenset_id AS "tokensetId", connection_id AS "connectionId",
         token_origin AS "tokenOrigin", fence, provider_params AS params, has_refresh_token AS "hasRefreshToken", sealed,
         attempts, code, give_up_at <= clock_timestamp() AS "isOver", ${HELD_BY} AS "heldBy",
         clock_timestamp() AS now`,
      [],
    );
    return row;
  }

  /** Erases the token and says how it ended, together. Nothing happens if somebody else has the record by now. */
  settle(due: DueRevocation, { outcome, effect, code }: Settled, sent: boolean): Promise<void> {
    return this.database.transaction(async (tx) => {
      const [row] = await changed<RevocationRow>(
        tx,
        `UPDATE revocations SET sealed = NULL, lease_until = NULL, next_attempt_at = NULL, outcome = $3, effect = $4,
           code = $5, attempts = attempts - $6, finished_at = clock_timestamp(), event_version = event_version + 1
         WHERE id = $1 AND fence = $2 AND outcome IS NULL RETURNING ${TOLD_COLUMNS}`,
        [due.recordId, due.fence, outcome, effect, code, this.notCounted(due, sent)],
      );
      // What never was a tokenset has no history to end.
      if (row?.tokensetId) await this.outbox.add(tx, tokensetRevoked, toldOf(row));
    });
  }

  /** Its last try is when its day ends: then it is erased without one. */
  async postpone(due: DueRevocation, { code }: Postponed, delaySeconds: number, sent: boolean): Promise<void> {
    await this.database.query(
      `UPDATE revocations SET lease_until = NULL, code = $3, attempts = attempts - $5,
         next_attempt_at = least(clock_timestamp() + make_interval(secs => $4), give_up_at)
       WHERE id = $1 AND fence = $2 AND outcome IS NULL`,
      [due.recordId, due.fence, code, delaySeconds, this.notCounted(due, sent)],
    );
  }

  /** The record of a tokenset whose newer tokens have come late; null: it was not to be revoked, or its day is over. */
  async toReopen(tokensetId: string): Promise<RevocationPlace | null> {
    const [row] = await this.database.query<RevocationPlace[]>(
      `SELECT id AS "recordId", connection_id AS "connectionId", token_origin AS "tokenOrigin"
       FROM revocations WHERE tokenset_id = $1 AND outcome IS DISTINCT FROM 'unsupported'
         AND give_up_at > clock_timestamp() AND provider_params IS NOT NULL`,
      [tokensetId],
    );
    return row ?? null;
  }

  /** Whoever is at work on the older tokens finds another fence and leaves these alone. */
  async reopen(recordId: string, sealed: Buffer, hasRefreshToken: boolean): Promise<void> {
    await this.database.query(
      `UPDATE revocations SET sealed = $2, has_refresh_token = $3, fence = fence + 1, lease_until = NULL,
         next_attempt_at = clock_timestamp(), outcome = NULL, effect = NULL, code = NULL, finished_at = NULL
       WHERE id = $1 AND give_up_at > clock_timestamp()`,
      [recordId, sealed, hasRefreshToken],
    );
  }

  /** What has had its time. Any number of processes may do this at once. */
  async forget(): Promise<void> {
    await this.database.query(
      `DELETE FROM revocations WHERE outcome IS NOT NULL AND finished_at < clock_timestamp() - ${KEPT}`,
    );
    await this.database.query(
      `UPDATE revocations SET provider_issuer = NULL, provider_tenant = NULL, provider_subject = NULL,
         provider_params = NULL
       WHERE outcome IS NOT NULL AND give_up_at < clock_timestamp() AND provider_params IS NOT NULL`,
    );
  }

  private notCounted({ isOver }: DueRevocation, sent: boolean): number {
    return sent || isOver ? 0 : 1;
  }
}

/** Tokens on their way out, in the transaction that deletes their tokenset. */
export async function insertRevocations(tx: EntityManager, rows: readonly NewRevocation[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO revocations (id, tokenset_id, person_id, account_id, connection_id, connection_name, token_origin,
       provider_issuer, provider_tenant, provider_subject, provider_params, has_refresh_token, sealed, next_attempt_at,
       give_up_at, outcome, effect, code, manage_url, event_version, finished_at)
     SELECT id, tokenset_id, person_id, account_id, connection_id, connection_name, token_origin, provider_issuer,
       provider_tenant, provider_subject, provider_params, has_refresh_token, decode(sealed, 'hex'),
       CASE WHEN outcome IS NULL THEN now END, now + interval '24 hours', outcome, NULL, code, manage_url, event_version,
       CASE WHEN outcome IS NOT NULL THEN now END
     FROM jsonb_to_recordset($1::jsonb) AS r (id uuid, tokenset_id text, person_id uuid, account_id text,
       connection_id text, connection_name text, token_origin text, provider_issuer text, provider_tenant text,
       provider_subject text, provider_params jsonb, has_refresh_token boolean, sealed text, outcome text, code text,
       manage_url text, event_version integer), clock_timestamp() AS now`,
    [JSON.stringify(rows.map((row) => ({ ...row, sealed: row.sealed?.toString('hex') ?? null })))],
  );
}

/** As its columns are named. */
export interface NewRevocation {
  id: string;
  /** Null, as is the account: erased before it became a tokenset. */
  tokenset_id: string | null;
  person_id: string;
  account_id: string | null;
  connection_id: string;
  connection_name: string;
  token_origin: string;
  provider_issuer: string;
  provider_tenant: string;
  provider_subject: string;
  provider_params: Record<string, string>;
  has_refresh_token: boolean;
  sealed: Buffer | null;
  outcome: 'unsupported' | 'failed' | null;
  code: string | null;
  manage_url: string | null;
  event_version: number;
}
