import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { usableSql } from '../access/lifetime.js';
import { changed, first } from '../rows.js';
import type { TokensetsSettings } from '../tokensets.options.js';
import { awaitedSql, takeoverValues } from './awaited.js';
import { type Doubt, doubtOf } from './doubt.js';
import type { NodeRegistry } from './node-registry.js';
import type { NoLease, OpenAttempt, RefreshTerms } from './refresh.types.js';

/** From this age on a tokenset gets a new key with its next refresh (`spec/encryption.md` §2). */
const KEY_DAYS = 365;

/**
 * A refresh may be sent for this row at all, to where the connection would send it, and there is a reason to. What the
 * provider asked us to wait for is waited for, but by an administrator.
 */
const DUE = `(t.status = 'active' OR t.reason = 'admin') AND t.refresh_sealed IS NOT NULL AND t.token_origin = ANY($4)
  AND CASE WHEN $10::text[] IS NOT NULL THEN t.scopes_granted @> $10 AND t.access_sealed IS NOT NULL
    WHEN $5::int IS NULL THEN NOT ${usableSql('$2')} ELSE t.cred_version = $5 END
  AND ($6 OR t.next_attempt_at IS NULL OR t.next_attempt_at <= clock_timestamp())`;
const AWAITED = awaitedSql({ rotation: '$3::text', node: '$7', silenceSeconds: '$8', sinceFailure: '$9' });

/** Step 6 of `spec/refresh.md` §4: what stands in the journal before a byte leaves. */
export class Lease {
  constructor(
    private readonly nodes: NodeRegistry,
    private readonly settings: TokensetsSettings,
  ) {}

  async begin(tx: EntityManager, terms: RefreshTerms): Promise<OpenAttempt | NoLease> {
    const leased = await this.take(tx, terms);
    if (!leased) return this.whyNot(tx, terms);
    // A dead holder's: the partial unique index lets no second one in.
    await tx.query(
      `UPDATE refresh_attempts SET state = 'unknown', settled_at = clock_timestamp()
       WHERE tokenset_id = $1 AND state = 'sent'`,
      [terms.tokensetId],
    );
    const doubt = await doubtOf(tx, terms, leased.cred_version);
    if (doubt.waitUntil) {
      await tx.query(
        `UPDATE tokensets SET lease_owner = NULL, lease_until = NULL, next_attempt_at = $2 WHERE id = $1`,
        [terms.tokensetId, doubt.waitUntil],
      );
      return 'changed';
    }
    // This one speaks for its tokenset from here on.
    await tx.query('UPDATE refresh_attempts SET is_open = false WHERE tokenset_id = $1 AND is_open', [
      terms.tokensetId,
    ]);
    return openAttempt(terms, leased, await this.journalled(tx, terms, leased), doubt);
  }

  private async journalled(tx: EntityManager, terms: RefreshTerms, leased: LeasedRow): Promise<Journalled> {
    const id = randomUUID();
    const row = await first<{ sent_at: Date }>(
      tx,
      `INSERT INTO refresh_attempts
         (id, tokenset_id, base_version, fence, state, kind, rotation, node, boot_id, grace_until)
       VALUES ($1, $2, $3, $4, 'sent', $5, $6, $7, $8,
               CASE WHEN $6 = 'grace' THEN clock_timestamp() + make_interval(secs => $9) END)
       RETURNING sent_at`,
      [
        id,
        terms.tokensetId,
        leased.cred_version,
        leased.fence,
        terms.kind,
        terms.rotation,
        this.nodes.node,
        this.settings.bootId,
        terms.graceSeconds,
      ],
    );
    return { id, sentAt: row!.sent_at };
  }

  private async take(tx: EntityManager, terms: RefreshTerms): Promise<LeasedRow | undefined> {
    const [row] = await changed<Omit<LeasedRow, 'key'>>(
      tx,
      `UPDATE tokensets t SET fence = fence + 1, lease_owner = $11,
         lease_until = clock_timestamp() + make_interval(secs => $12)
       WHERE id = $1 AND ${DUE} AND (lease_until IS NULL OR lease_until < clock_timestamp()) AND NOT ${AWAITED}
       RETURNING fence, cred_version, refresh_sealed, person_id, connection_id, provider_subject, token_origin,
         scopes_granted, access_sealed, access_issued_at, access_expires_at, failures, key_id, restored_at IS NOT NULL AS is_restored`,
      [...this.values(terms), this.settings.bootId, this.settings.leaseSeconds(terms.rotation)],
    );
    if (!row) return undefined;
    // Asked after the lock on the tokenset: one that waited for it sees every other table as it was before the wait.
    const key = await first<{ wrapped: Buffer; is_old: boolean }>(
      tx,
      `SELECT wrapped, created_at < clock_timestamp() - make_interval(days => $2) AS is_old
       FROM tokenset_keys WHERE key_id = $1`,
      [row.key_id, KEY_DAYS],
    );
    return { ...row, key };
  }

  /** No lease: somebody holds it, its node may hold the answer, or there is nothing to do by now. */
  private async whyNot(tx: EntityManager, terms: RefreshTerms): Promise<NoLease> {
    const row = await first<{ isHere: boolean; isDue: boolean; isHeld: boolean; isAwaited: boolean }>(
      tx,
      `SELECT t.token_origin = ANY($4) AS "isHere", ${DUE} AS "isDue", coalesce(lease_until > clock_timestamp(), false) AS "isHeld",
         ${AWAITED} AS "isAwaited"
       FROM tokensets t WHERE id = $1`,
      this.values(terms),
    );
    if (row && !row.isHere) return 'moved';
    if (!row?.isDue) return 'changed';
    // While the lease runs its holder is at work; only after it the answer may lie in a memory that is gone.
    return row.isAwaited && !row.isHeld ? 'awaited' : 'held';
  }

  private values(terms: RefreshTerms): unknown[] {
    return [
      terms.tokensetId,
      terms.reserveSeconds,
      terms.rotation,
      [terms.tokenOrigin, ...terms.formerTokenOrigins],
      terms.atVersion,
      terms.kind === 'forced',
      ...takeoverValues(this.nodes, this.settings),
      terms.narrowTo,
    ];
  }
}

interface Journalled {
  id: string;
  sentAt: Date;
}

interface LeasedRow {
  fence: string;
  cred_version: number;
  refresh_sealed: Buffer;
  person_id: string;
  connection_id: string;
  provider_subject: string;
  token_origin: string;
  scopes_granted: string[];
  access_sealed: Buffer;
  access_issued_at: Date;
  access_expires_at: Date | null;
  failures: number;
  key_id: string;
  is_restored: boolean;
  key: { wrapped: Buffer; is_old: boolean } | undefined;
}

const openAttempt = (terms: RefreshTerms, row: LeasedRow, sent: Journalled, doubt: Doubt): OpenAttempt => ({
  ...sent,
  tokensetId: terms.tokensetId,
  base: row.cred_version,
  fence: row.fence,
  kind: terms.kind,
  rotation: terms.rotation,
  actor: terms.actor,
  place: {
    tokensetId: terms.tokensetId,
    personId: row.person_id,
    connectionId: row.connection_id,
    providerSubject: row.provider_subject,
    tokenOrigin: row.token_origin,
    credVersion: row.cred_version,
  },
  tokenOrigin: terms.tokenOrigin,
  key: { keyId: row.key_id, keyWrapped: row.key?.wrapped ?? null },
  isKeyOld: row.key?.is_old ?? false,
  refreshSealed: row.refresh_sealed,
  scopes: row.scopes_granted,
  narrowed: terms.narrowTo && {
    scopes: terms.narrowTo,
    accessSealed: row.access_sealed,
    issuedAt: row.access_issued_at,
    expiresAt: row.access_expires_at,
  },
  failures: row.failures,
  graceSeconds: terms.graceSeconds,
  inDoubt: doubt.inDoubt,
  inDoubtSince: doubt.inDoubtSince,
  isRestored: row.is_restored,
  inGrace: doubt.inGrace,
});
