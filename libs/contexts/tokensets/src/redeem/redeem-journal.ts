import { Injectable } from '@nestjs/common';
import type { Redeemed, RedeemRequest } from '@strongroom/contracts';
import { DataSource, type EntityManager } from 'typeorm';
import { Custody, type PendingPlace } from '../custody/custody.js';
import { changed, first } from '../rows.js';
import { NodeRegistry } from '../refresh/node-registry.js';
import { TokensetsSettings } from '../tokensets.options.js';
import {
  type AskedRedeem,
  type PendingRedeem,
  pendingRedeem,
  type PendingTokens,
  type RefusalCode,
} from './redeem.types.js';

/** How far a session's redeem has come. */
export type RedeemState =
  /** `isAwaited`: another process may hold its answer. */
  | { state: 'sent'; isRunning: boolean; isAwaited: boolean }
  /** Null: they have had their time, or are of another host than the one that is asked now. */
  | { state: 'pending'; tokens: PendingTokens | null }
  | { state: 'stored'; outcome: Redeemed | null }
  | { state: 'refused'; code: RefusalCode };

/** As it is written down. */
type Outcome = Omit<Redeemed, 'label'>;

export interface StoredRedeem {
  outcome: Redeemed;
  personId: string;
  connectionId: string;
}

/** What waits for its account, sealed. */
export interface SealedRedeem extends PendingPlace {
  sealed: Buffer;
}

/** A token request and its sweeps take less. */
const LONGEST_SECONDS = 30;

/** One row per connect session: a code is sent by whoever wrote it, and by nobody again. */
@Injectable()
export class RedeemJournal {
  constructor(
    private readonly database: DataSource,
    private readonly custody: Custody,
    private readonly nodes: NodeRegistry,
    private readonly settings: TokensetsSettings,
  ) {}

  /** Database time before the send; undefined if the session was here before. Durable before a byte leaves. */
  async begin({ sessionId, personId }: RedeemRequest): Promise<Date | undefined> {
    const row = await first<{ startedAt: Date }>(
      this.database,
      `INSERT INTO redeems (session_id, person_id, state, node, boot_id) VALUES ($1, $2, 'sent', $3, $4)
       ON CONFLICT DO NOTHING RETURNING started_at AS "startedAt"`,
      [sessionId, personId, this.nodes.node, this.settings.bootId],
    );
    return row?.startedAt;
  }

  /** By the clock that lifetimes are counted from. */
  async isPast(end: Date): Promise<boolean> {
    const row = await first<{ isPast: boolean }>(
      this.database,
      'SELECT $1::timestamptz <= clock_timestamp() AS "isPast"',
      [end],
    );
    return row!.isPast;
  }

  async read(place: PendingPlace, personId: string): Promise<RedeemState | undefined> {
    const row = await first<JournalRow>(
      this.database,
      `SELECT r.state, r.outcome, p.sealed, coalesce(t.own_label, t.provider_label) AS label, t.id IS NOT NULL AS "isThere",
         r.started_at > clock_timestamp() - make_interval(secs => $3) AS "isRunning",
         ${awaitedSql('$4', '$5', '$6')} AS "isAwaited"
       FROM redeems r LEFT JOIN pending_redeems p
         ON p.session_id = r.session_id AND p.created_at > clock_timestamp() - ${PENDING_LIFE} AND p.token_origin = $7
       LEFT JOIN tokensets t ON t.id = r.outcome->>'tokensetId'
       WHERE r.session_id = $1 AND r.person_id = $2`,
      [place.sessionId, personId, LONGEST_SECONDS, ...this.silence(), place.tokenOrigin],
    );
    if (!row) return undefined;
    if (row.state === 'stored')
      return { state: 'stored', outcome: row.isThere ? { ...(row.outcome as Outcome), label: row.label } : null };
    if (row.state === 'refused') return { state: 'refused', code: (row.outcome as { code: RefusalCode }).code };
    if (row.state === 'sent') return { state: 'sent', isRunning: row.isRunning, isAwaited: row.isAwaited };
    return { state: 'pending', tokens: row.sealed && this.opened(place, row.sealed) };
  }

  /** What a session led to, if it is still there, and whose it is. */
  async ledTo(sessionId: string): Promise<StoredRedeem | undefined> {
    const row = await first<{ outcome: Outcome; label: string | null; personId: string; connectionId: string }>(
      this.database,
      `SELECT outcome, coalesce(t.own_label, t.provider_label) AS label, t.person_id AS "personId", t.connection_id AS "connectionId"
       FROM redeems r JOIN tokensets t ON t.id = r.outcome->>'tokensetId'
       WHERE session_id = $1 AND r.state = 'stored'`,
      [sessionId],
    );
    return row && { ...row, outcome: { ...row.outcome, label: row.label } };
  }

  /** Another process has sent its code, and what came may be with it. */
  async isAwaited(sessionId: string): Promise<boolean> {
    const row = await first<{ isAwaited: boolean }>(
      this.database,
      `SELECT r.state = 'sent' AND ${awaitedSql('$2', '$3', '$4')} AS "isAwaited" FROM redeems r WHERE r.session_id = $1`,
      [sessionId, ...this.silence()],
    );
    return row?.isAwaited ?? false;
  }

  /** What waits for whoever goes on with it, and which host it came from. */
  async leftBehind(sessionId: string): Promise<{ tokens: PendingRedeem; tokenOrigin: string } | undefined> {
    const row = await first<SealedRedeem>(
      this.database,
      `SELECT p.session_id AS "sessionId", p.connection_id AS "connectionId", p.token_origin AS "tokenOrigin", p.sealed
       FROM redeems r JOIN pending_redeems p ON p.session_id = r.session_id
       WHERE r.session_id = $1 AND r.state = 'pending' AND p.created_at > clock_timestamp() - ${PENDING_LIFE}`,
      [sessionId],
    );
    return row && { tokens: this.opened(row, row.sealed), tokenOrigin: row.tokenOrigin };
  }

  /** False: what it led to is there. Whoever is at it stores nothing any more, and a code that never came is not sent. */
  abandon({ sessionId, personId }: Pick<RedeemRequest, 'sessionId' | 'personId'>): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      // Whoever is just storing is waited for here: the next statement sees what they stored, and this one would not.
      await tx.query('SELECT FROM redeems WHERE session_id = $1 FOR UPDATE', [sessionId]);
      const [row] = await tx.query<{ session_id: string }[]>(
        `INSERT INTO redeems AS r (session_id, person_id, state, outcome) VALUES ($1, $2, 'refused', $3)
         ON CONFLICT (session_id) DO UPDATE SET state = excluded.state,
           outcome = CASE WHEN r.state = 'refused' THEN r.outcome ELSE excluded.outcome END
         WHERE r.person_id = excluded.person_id AND (r.state <> 'stored'
           OR NOT EXISTS (SELECT FROM tokensets t WHERE t.id = r.outcome->>'tokensetId')) RETURNING session_id`,
        [sessionId, personId, JSON.stringify({ code: 'provider_unavailable' satisfies RefusalCode })],
      );
      if (row) await tx.query('DELETE FROM pending_redeems WHERE session_id = $1', [sessionId]);
      return row !== undefined;
    });
  }

  /** False: another call with the same session was first. A label is the account's, and does not outlive it here. */
  stored(tx: EntityManager, sessionId: string, { label: _, ...outcome }: Redeemed): Promise<boolean> {
    return this.end(tx, sessionId, 'stored', outcome);
  }

  sealed(place: PendingPlace, tokens: PendingTokens, asked: AskedRedeem): SealedRedeem {
    return { ...place, sealed: this.custody.sealPending(place, JSON.stringify({ ...tokens, asked })) };
  }

  /** Repeating it after a lost answer is harmless. False: somebody has ended the session by now. */
  keepPending(record: SealedRedeem): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      await tx.query('SET LOCAL synchronous_commit = on');
      const open = await changed(
        tx,
        `UPDATE redeems SET state = 'pending' WHERE session_id = $1 AND state IN ('sent', 'pending') RETURNING session_id`,
        [record.sessionId],
      );
      if (open.length === 0) return false;
      await tx.query(
        `INSERT INTO pending_redeems (session_id, connection_id, token_origin, sealed) VALUES ($1, $2, $3, $4)
         ON CONFLICT (session_id) DO NOTHING`,
        [record.sessionId, record.connectionId, record.tokenOrigin, record.sealed],
      );
      return true;
    });
  }

  /** Of two that end the same session one does. */
  private async end(
    tx: EntityManager,
    sessionId: string,
    state: 'stored' | 'refused',
    outcome: unknown,
  ): Promise<boolean> {
    // The session before what waits for it, as everywhere: in the other order two would wait for each other.
    const [rows] = await tx.query<[unknown[], number]>(
      `UPDATE redeems SET state = $2, outcome = $3 WHERE session_id = $1 AND state IN ('sent', 'pending')
       RETURNING session_id`,
      [sessionId, state, JSON.stringify(outcome)],
    );
    await tx.query('DELETE FROM pending_redeems WHERE session_id = $1', [sessionId]);
    return rows.length > 0;
  }

  async refuse(sessionId: string, code: RefusalCode): Promise<void> {
    await this.database.transaction((tx) => this.end(tx, sessionId, 'refused', { code }));
  }

  private silence() {
    return [this.settings.bootId, this.settings.strictTakeoverSeconds, this.nodes.secondsSinceFailure()];
  }

  private opened(place: PendingPlace, sealed: Buffer): PendingRedeem {
    return pendingRedeem.parse(JSON.parse(this.custody.openPending(place, sealed)));
  }
}

/**
 * The answer to the code of `r` may lie with another process, as that to a refresh (`spec/refresh.md` §3): until its node
 * comes back, which replays its spill first, or a long time has passed in which we could have heard of it.
 */
const awaitedSql = (ownBootId: string, silenceSeconds: string, sinceFailure: string): string => `coalesce(
  r.boot_id <> ${ownBootId} AND EXISTS (SELECT FROM nodes n WHERE n.node = r.node AND n.boot_id = r.boot_id)
    AND greatest(r.started_at, pg_postmaster_start_time(),
          coalesce(clock_timestamp() - make_interval(secs => ${sinceFailure}), '-infinity'))
        > clock_timestamp() - make_interval(secs => ${silenceSeconds}), false)`;

/** After that the tokens of a redeem that nobody finished are erased. */
export const PENDING_LIFE = `interval '10 minutes'`;

interface JournalRow {
  state: 'sent' | 'pending' | 'stored' | 'refused';
  outcome: unknown;
  sealed: Buffer | null;
  label: string | null;
  isThere: boolean;
  isRunning: boolean;
  isAwaited: boolean;
}
