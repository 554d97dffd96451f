import { Injectable } from '@nestjs/common';
import type { Redeemed, RedeemRequest } from '@strongroom/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { Custody, type PendingPlace } from '../custody/custody.js';
import { changed, first } from '../rows.js';
import { type PendingTokens, pendingTokens, type RefusalCode } from './redeem.types.js';

/** How far a session's redeem has come. */
export type RedeemState =
  | { state: 'sent'; isRunning: boolean }
  | { state: 'pending'; tokens: PendingTokens | null }
  | { state: 'stored'; outcome: Redeemed | null }
  | { state: 'refused'; code: RefusalCode };

export interface StoredRedeem {
  outcome: Redeemed;
  personId: string;
  connectionId: string;
}

/** A token request and its sweeps take less. */
const LONGEST_SECONDS = 30;

/** One row per connect session: a code is sent by whoever wrote it, and by nobody again. */
@Injectable()
export class RedeemJournal {
  constructor(
    private readonly database: DataSource,
    private readonly custody: Custody,
  ) {}

  /** Database time before the send; undefined if the session was here before. Durable before a byte leaves. */
  async begin({ sessionId, personId }: RedeemRequest): Promise<Date | undefined> {
    const row = await first<{ startedAt: Date }>(
      this.database,
      `INSERT INTO redeems (session_id, person_id, state) VALUES ($1, $2, 'sent')
       ON CONFLICT DO NOTHING RETURNING started_at AS "startedAt"`,
      [sessionId, personId],
    );
    return row?.startedAt;
  }

  async read(place: PendingPlace, personId: string): Promise<RedeemState | undefined> {
    const row = await first<JournalRow>(
      this.database,
      `SELECT r.state, r.outcome, p.sealed, t.id IS NOT NULL AS "isThere",
         r.started_at > clock_timestamp() - make_interval(secs => $3) AS "isRunning"
       FROM redeems r LEFT JOIN pending_redeems p
         ON p.session_id = r.session_id AND p.created_at > clock_timestamp() - ${PENDING_LIFE}
       LEFT JOIN tokensets t ON t.id = r.outcome->>'tokensetId'
       WHERE r.session_id = $1 AND r.person_id = $2`,
      [place.sessionId, personId, LONGEST_SECONDS],
    );
    if (!row) return undefined;
    if (row.state === 'stored') return { state: 'stored', outcome: row.isThere ? (row.outcome as Redeemed) : null };
    if (row.state === 'refused') return { state: 'refused', code: (row.outcome as { code: RefusalCode }).code };
    if (row.state === 'sent') return { state: 'sent', isRunning: row.isRunning };
    return { state: 'pending', tokens: row.sealed && this.opened(place, row.sealed) };
  }

  /** What a session led to, if it is still there, and whose it is. */
  stored(sessionId: string): Promise<StoredRedeem | undefined> {
    return first<StoredRedeem>(
      this.database,
      `SELECT outcome, t.person_id AS "personId", t.connection_id AS "connectionId"
       FROM redeems r JOIN tokensets t ON t.id = r.outcome->>'tokensetId'
       WHERE session_id = $1 AND r.state = 'stored'`,
      [sessionId],
    );
  }

  /** Repeating it after a lost answer is harmless, also if somebody has ended the session by now. */
  keepPending(place: PendingPlace, tokens: PendingTokens): Promise<void> {
    const sealed = this.custody.sealPending(place, JSON.stringify(tokens));
    return this.database.transaction(async (tx) => {
      await tx.query('SET LOCAL synchronous_commit = on');
      const open = await changed(
        tx,
        `UPDATE redeems SET state = 'pending' WHERE session_id = $1 AND state IN ('sent', 'pending') RETURNING session_id`,
        [place.sessionId],
      );
      if (open.length === 0) return;
      await tx.query(
        `INSERT INTO pending_redeems (session_id, connection_id, token_origin, sealed) VALUES ($1, $2, $3, $4)
         ON CONFLICT (session_id) DO NOTHING`,
        [place.sessionId, place.connectionId, place.tokenOrigin, sealed],
      );
    });
  }

  /** Of two that end the same session one does. */
  async end(tx: EntityManager, sessionId: string, state: 'stored' | 'refused', outcome: unknown): Promise<boolean> {
    await tx.query('DELETE FROM pending_redeems WHERE session_id = $1', [sessionId]);
    const [rows] = await tx.query<[unknown[], number]>(
      `UPDATE redeems SET state = $2, outcome = $3 WHERE session_id = $1 AND state IN ('sent', 'pending')
       RETURNING session_id`,
      [sessionId, state, JSON.stringify(outcome)],
    );
    return rows.length > 0;
  }

  async refuse(sessionId: string, code: RefusalCode): Promise<void> {
    await this.database.transaction((tx) => this.end(tx, sessionId, 'refused', { code }));
  }

  private opened(place: PendingPlace, sealed: Buffer): PendingTokens {
    return pendingTokens.parse(JSON.parse(this.custody.openPending(place, sealed)));
  }
}

/** After that the tokens of a redeem that nobody finished are erased. */
export const PENDING_LIFE = `interval '10 minutes'`;

interface JournalRow {
  state: 'sent' | 'pending' | 'stored' | 'refused';
  outcome: unknown;
  sealed: Buffer | null;
  isThere: boolean;
  isRunning: boolean;
}
