import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import {
  tokensetReconnectRequired,
  tokensetRecovered,
  tokensetRefreshed,
  tokensetRefreshFailed,
} from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { usableSql } from '../access/lifetime.js';
import { wrappedKey } from '../redeem/tokenset-store.js';
import { changed, first } from '../rows.js';
import { type TokensetState, STATE_COLUMNS, stateOf } from '../tokenset-state.js';
import { TokensetsSettings } from '../tokensets.options.js';
import { NodeRegistry } from './node-registry.js';
import {
  type NewCredential,
  type NoLease,
  type OpenAttempt,
  type Refusal,
  RefreshStore,
  type RefreshTerms,
  type Setback,
} from './refresh.types.js';

/** Steps 6, 11, 14 and 17 to 19 of `spec/refresh.md` §4 as SQL. */
@Injectable()
export class RefreshJournal extends RefreshStore {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly nodes: NodeRegistry,
    private readonly settings: TokensetsSettings,
  ) {
    super();
  }

  override begin(terms: RefreshTerms): Promise<OpenAttempt | NoLease> {
    return this.database.transaction(async (tx) => {
      await tx.query('SET LOCAL synchronous_commit = on');
      const leased = await this.lease(tx, terms);
      if (!leased) return this.whyNot(tx, terms);
      // A dead holder's: the partial unique index lets no second one in.
      await tx.query(
        `UPDATE refresh_attempts SET state = 'unknown', settled_at = clock_timestamp()
         WHERE tokenset_id = $1 AND state = 'sent'`,
        [terms.tokensetId],
      );
      const doubt = await this.doubt(tx, terms, leased.cred_version);
      if (doubt.wait_until) {
        await tx.query(
          `UPDATE tokensets SET lease_owner = NULL, lease_until = NULL, next_attempt_at = $2 WHERE id = $1`,
          [terms.tokensetId, doubt.wait_until],
        );
        return 'changed';
      }
      const id = randomUUID();
      const sent = await first<{ sent_at: Date }>(
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
      return openAttempt(id, terms, leased, sent!.sent_at, doubt);
    });
  }

  override async renew(attempt: OpenAttempt): Promise<boolean> {
    const held = await changed(
      this.database.manager,
      `UPDATE tokensets SET lease_until = clock_timestamp() + make_interval(secs => $3)
       WHERE id = $1 AND fence = $2 AND lease_owner = $4 RETURNING id`,
      [attempt.tokensetId, attempt.fence, this.settings.leaseSeconds(attempt.rotation), this.settings.bootId],
    );
    return held.length > 0;
  }

  override commit(attempt: OpenAttempt, credential: NewCredential): Promise<{ now: Date } | 'superseded'> {
    return this.database.transaction(async (tx) => {
      await tx.query('SET LOCAL synchronous_commit = on');
      const before = await first<{ status: string; failing_since: Date | null; now: Date }>(
        tx,
        'SELECT status, failing_since, clock_timestamp() AS now FROM tokensets WHERE id = $1 FOR UPDATE',
        [attempt.tokensetId],
      );
      const journal = await first<{ state: string }>(tx, 'SELECT state FROM refresh_attempts WHERE id = $1', [
        attempt.id,
      ]);
      if (before && journal?.state === 'committed') return { now: before.now };
      const [row] = await changed<TokensetState>(
        tx,
        `UPDATE tokensets SET status = 'active', reason = NULL, access_sealed = $3, refresh_sealed = $4,
           scopes_granted = $5, access_issued_at = $6, access_expires_at = $7, refresh_expires_at = $8,
           token_origin = $9, provider_params = provider_params || $10::jsonb, extras = extras || $11::jsonb,
           cred_version = $2 + 1, event_version = event_version + 1, lease_owner = NULL, lease_until = NULL,
           next_attempt_at = NULL, failures = 0, failing_since = NULL, failure_said_at = NULL
         WHERE id = $1 AND cred_version = $2 AND (status = 'active' OR reason IN ('lost_rotation', 'admin'))
         RETURNING ${STATE_COLUMNS}`,
        [
          attempt.tokensetId,
          attempt.base,
          credential.accessSealed,
          credential.refreshSealed,
          credential.scopes,
          attempt.sentAt,
          credential.expiresAt,
          credential.refreshExpiresAt,
          credential.tokenOrigin,
          JSON.stringify(credential.brought.params),
          JSON.stringify(credential.brought.extras),
        ],
      );
      await settle(tx, attempt, row ? 'committed' : 'superseded', null);
      if (!row || !before) return 'superseded';
      const event = { id: row.id, sequence: row.eventVersion };
      const state = { ...stateOf(row), actor: attempt.actor };
      if (before.status === 'active')
        await this.outbox.add(tx, tokensetRefreshed, {
          ...event,
          data: { ...state, cause: attempt.kind, rotated: credential.rotated },
        });
      else
        await this.outbox.add(tx, tokensetRecovered, {
          ...event,
          data: { ...state, cause: 'retried', downSince: before.failing_since?.toISOString() ?? null },
        });
      return { now: before.now };
    });
  }

  override requireReconnect(attempt: OpenAttempt, reason: string, why: Refusal): Promise<'written' | 'superseded'> {
    return this.database.transaction(async (tx) => {
      const row = await requireReconnect(tx, attempt.tokensetId, reason, `cred_version = $3 AND fence = $4`, [
        attempt.base,
        attempt.fence,
      ]);
      await settle(tx, attempt, row ? 'rejected' : 'superseded', why);
      if (!row) return 'superseded';
      await this.outbox.add(tx, tokensetReconnectRequired, {
        id: row.id,
        sequence: row.eventVersion,
        data: { ...stateOf(row), class: why.class, code: why.code, actor: attempt.actor },
      });
      return 'written';
    });
  }

  override setBack(attempt: OpenAttempt, setback: Setback): Promise<void> {
    return this.database.transaction(async (tx) => {
      const [row] = await changed<{ failures: number }>(
        tx,
        `UPDATE tokensets SET lease_owner = NULL, lease_until = NULL, failures = failures + 1,
           failing_since = coalesce(failing_since, clock_timestamp()),
           next_attempt_at = clock_timestamp() + make_interval(secs => $3)
         WHERE id = $1 AND fence = $2 RETURNING failures`,
        [attempt.tokensetId, attempt.fence, setback.delaySeconds],
      );
      await settle(tx, attempt, setback.state, setback);
      if (row) await this.sayFailure(tx, attempt, setback);
    });
  }

  override release(attempt: OpenAttempt, state: 'not_processed' | 'rejected', why: Refusal | null): Promise<void> {
    return this.database.transaction(async (tx) => {
      const freed = await changed(
        tx,
        `UPDATE tokensets SET lease_owner = NULL, lease_until = NULL, next_attempt_at =
           CASE WHEN $3 THEN clock_timestamp() + make_interval(secs => $4) ELSE next_attempt_at END
         WHERE id = $1 AND fence = $2 RETURNING id`,
        [attempt.tokensetId, attempt.fence, why?.class === 'client_config', MISCONFIGURED_PAUSE_SECONDS],
      );
      await settle(tx, attempt, state, why);
      if (freed.length > 0 && why) await this.sayFailure(tx, attempt, why);
    });
  }

  private async lease(tx: EntityManager, terms: RefreshTerms): Promise<LeasedRow | undefined> {
    const [row] = await changed<Omit<LeasedRow, 'key_wrapped'>>(
      tx,
      `UPDATE tokensets t SET fence = fence + 1, lease_owner = $7,
         lease_until = clock_timestamp() + make_interval(secs => $8)
       WHERE id = $1 AND ${DUE} AND NOT ${usableSql('$2')}
         AND (lease_until IS NULL OR lease_until < clock_timestamp())
         AND (next_attempt_at IS NULL OR next_attempt_at <= clock_timestamp())
         AND NOT ($3 = 'strict' AND EXISTS (${AWAITED}))
       RETURNING fence, cred_version, refresh_sealed, person_id, connection_id, provider_subject, token_origin,
         scopes_granted, failures, key_id`,
      [
        terms.tokensetId,
        terms.reserveSeconds,
        terms.rotation,
        [terms.tokenOrigin, ...terms.formerTokenOrigins],
        this.nodes.node,
        this.settings.strictTakeoverSeconds,
        this.settings.bootId,
        this.settings.leaseSeconds(terms.rotation),
      ],
    );
    return row && { ...row, key_wrapped: await wrappedKey(tx, row.key_id) };
  }

  /** No lease: somebody holds it, its node may hold the answer, or there is nothing to do by now. */
  private async whyNot(tx: EntityManager, terms: RefreshTerms): Promise<NoLease> {
    const row = await first<{ isDue: boolean; isHeld: boolean; isAwaited: boolean }>(
      tx,
      `SELECT ${DUE} AND NOT ${usableSql('$2')}
           AND (next_attempt_at IS NULL OR next_attempt_at <= clock_timestamp()) AS "isDue",
         coalesce(lease_until > clock_timestamp(), false) AS "isHeld",
         $3 = 'strict' AND EXISTS (${AWAITED}) AS "isAwaited"
       FROM tokensets t WHERE id = $1`,
      [
        terms.tokensetId,
        terms.reserveSeconds,
        terms.rotation,
        [terms.tokenOrigin, ...terms.formerTokenOrigins],
        this.nodes.node,
        this.settings.strictTakeoverSeconds,
      ],
    );
    if (!row?.isDue) return 'changed';
    // While the lease runs its holder is at work; only after it the answer may lie in a memory that is gone.
    return row.isAwaited && !row.isHeld ? 'awaited' : 'held';
  }

  /**
   * Attempts on this base that nobody knows the outcome of. A strict provider gets one prompt resend; after that
   * they stand 10 minutes apart, later an hour.
   */
  private async doubt(tx: EntityManager, { tokensetId, rotation }: RefreshTerms, base: number): Promise<Doubt> {
    const found = await first<Doubt>(
      tx,
      `SELECT n AS "inDoubt", in_grace AS "inGrace",
         CASE WHEN $3 = 'strict' AND n > 1 AND next > clock_timestamp() THEN next END AS wait_until
       FROM (SELECT count(*)::int AS n, coalesce(bool_or(grace_until > clock_timestamp()), false) AS in_grace,
               max(sent_at) + make_interval(secs => least(600 * power(2, greatest(count(*) - 2, 0)), 3600)) AS next
             FROM refresh_attempts WHERE tokenset_id = $1 AND base_version = $2 AND state = 'unknown') open`,
      [tokensetId, base, rotation],
    );
    return found!;
  }

  /** On the first failure of a streak, then at most hourly. */
  private async sayFailure(tx: EntityManager, attempt: OpenAttempt, why: Refusal): Promise<void> {
    const [row] = await changed<FailingState>(
      tx,
      `UPDATE tokensets SET event_version = event_version + 1, failure_said_at = clock_timestamp()
       WHERE id = $1 AND status = 'active'
         AND (failure_said_at IS NULL OR failure_said_at < clock_timestamp() - interval '1 hour')
       RETURNING ${STATE_COLUMNS}, failures, failing_since AS "failingSince", next_attempt_at AS "nextAttemptAt",
         access_sealed IS NOT NULL AND coalesce(access_expires_at > clock_timestamp(), true) AS "stillServing"`,
      [attempt.tokensetId],
    );
    if (!row) return;
    await this.outbox.add(tx, tokensetRefreshFailed, {
      id: row.id,
      sequence: row.eventVersion,
      data: {
        ...stateOf(row),
        class: why.class,
        httpStatus: why.httpStatus,
        code: why.code,
        failures: row.failures,
        failingSince: row.failingSince?.toISOString() ?? null,
        nextAttemptAt: row.nextAttemptAt?.toISOString() ?? null,
        stillServing: row.stillServing,
        actor: attempt.actor,
      },
    });
  }
}

/** A provider that refuses the client itself is not asked again with every exchange. */
const MISCONFIGURED_PAUSE_SECONDS = 60;

/** A refresh may be sent for this row at all, and to where the connection would send it. */
const DUE = `status = 'active' AND refresh_sealed IS NOT NULL AND token_origin = ANY($4::text[])`;

/** An open attempt whose answer may lie with another node that is alive: `spec/refresh.md` §3. */
const AWAITED = `
  SELECT FROM refresh_attempts a JOIN nodes n ON n.node = a.node AND n.boot_id = a.boot_id
  WHERE a.tokenset_id = t.id AND a.base_version = t.cred_version AND a.state IN ('sent', 'unknown') AND a.node <> $5
    AND greatest(n.seen_at, pg_postmaster_start_time()) > clock_timestamp() - make_interval(secs => $6)`;

interface LeasedRow {
  fence: string;
  cred_version: number;
  refresh_sealed: Buffer;
  person_id: string;
  connection_id: string;
  provider_subject: string;
  token_origin: string;
  scopes_granted: string[];
  failures: number;
  key_id: string;
  key_wrapped: Buffer | null;
}

interface Doubt {
  inDoubt: number;
  inGrace: boolean;
  wait_until: Date | null;
}

interface FailingState extends TokensetState {
  failures: number;
  failingSince: Date | null;
  nextAttemptAt: Date | null;
  stillServing: boolean;
}

const openAttempt = (id: string, terms: RefreshTerms, row: LeasedRow, sentAt: Date, doubt: Doubt): OpenAttempt => ({
  id,
  tokensetId: terms.tokensetId,
  base: row.cred_version,
  fence: row.fence,
  kind: terms.kind,
  rotation: terms.rotation,
  actor: terms.actor,
  sentAt,
  place: {
    tokensetId: terms.tokensetId,
    personId: row.person_id,
    connectionId: row.connection_id,
    providerSubject: row.provider_subject,
    tokenOrigin: row.token_origin,
    credVersion: row.cred_version,
  },
  tokenOrigin: terms.tokenOrigin,
  key: { keyId: row.key_id, keyWrapped: row.key_wrapped },
  refreshSealed: row.refresh_sealed,
  scopes: row.scopes_granted,
  failures: row.failures,
  inDoubt: doubt.inDoubt,
  inGrace: doubt.inGrace,
});

async function settle(tx: EntityManager, attempt: OpenAttempt, state: string, why: Refusal | null): Promise<void> {
  await tx.query(
    `UPDATE refresh_attempts SET state = $2, class = $3, http_status = $4, code = $5, settled_at = clock_timestamp()
     WHERE id = $1 AND state IN ('sent', 'unknown')`,
    [attempt.id, state, why?.class ?? null, why?.httpStatus ?? null, why?.code ?? null],
  );
}

/** Which tokens stay when only the person, or an administrator, can go on. */
const KEEPS_BOTH = ['interaction', 'admin', 'unreadable'];

/** The row if it is now `reconnect_required`; `condition` says at which version that may be written. */
export async function requireReconnect(
  tx: EntityManager,
  tokensetId: string,
  reason: string,
  condition: string,
  values: unknown[],
): Promise<TokensetState | undefined> {
  const [row] = await changed<TokensetState>(
    tx,
    `UPDATE tokensets SET status = 'reconnect_required', reason = $2, event_version = event_version + 1,
       access_sealed = CASE WHEN ${KEEPS_BOTH.concat('lost_rotation').includes(reason)} THEN access_sealed END,
       refresh_sealed = CASE WHEN ${KEEPS_BOTH.includes(reason)} THEN refresh_sealed END,
       failing_since = coalesce(failing_since, clock_timestamp()),
       lease_owner = NULL, lease_until = NULL, next_attempt_at = NULL
     WHERE id = $1 AND status = 'active' AND ${condition} RETURNING ${STATE_COLUMNS}`,
    [tokensetId, reason, ...values],
  );
  return row;
}
