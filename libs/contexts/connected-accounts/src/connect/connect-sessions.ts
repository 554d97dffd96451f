import { Injectable } from '@nestjs/common';
import { type Actor, connectFailed, type DataOf } from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager, type FindOptionsWhere, type QueryDeepPartialEntity } from 'typeorm';
import { ConnectSessionEntity, type ConnectState } from './connect-session.entity.js';

export type FailureReason = DataOf<typeof connectFailed>['reason'];

export interface Ending {
  to: 'denied' | 'mismatch' | 'expired' | 'failed';
  reason: FailureReason;
  code?: string | null;
  actor: Actor;
}

interface EndedRow {
  id: string;
  person_id: string;
  user_id: string;
  client_id: string;
  connection_id: string;
  event_version: number;
}

/**
 * What a session sheds on every way out. Hashes stay until the row goes, so that a replay is known for what it is;
 * the way back to the app stays only where a late answer of the provider is still owed one (`spec/connect-flow.md` §6).
 */
const ERASED = `jkt = NULL, scopes = NULL, scopes_asked = '[]', authorization_params = '{}', code_challenge = NULL,
  connect_code_hash = NULL, nonce = NULL, verifier_box = NULL, code_box = NULL, query_box = NULL, code_receiver = NULL, captured = '{}',
  params = '{}', pending = false`;

/** The only writer of `connect_sessions`. Every step is one conditional statement: no row, no step. */
@Injectable()
export class ConnectSessions {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
  ) {}

  find(where: FindOptionsWhere<ConnectSessionEntity>): Promise<ConnectSessionEntity | null> {
    return this.database.manager.findOneBy(ConnectSessionEntity, where);
  }

  /** Moves the one session that meets `where`, is in `from` and in time. Null: the step did not happen. */
  step(
    from: ConnectState,
    where: { sql: string; values: Record<string, unknown> },
    change: QueryDeepPartialEntity<ConnectSessionEntity>,
  ): Promise<ConnectSessionEntity | null> {
    return this.database.transaction(async (tx) => {
      const updated = await tx
        .createQueryBuilder()
        .update(ConnectSessionEntity)
        .set(change)
        .where('state = :from AND expires_at > clock_timestamp()', { from })
        .andWhere(where.sql, where.values)
        .returning('id')
        .execute();
      const [moved] = updated.raw as { id: string }[];
      return moved ? tx.findOneBy(ConnectSessionEntity, { id: moved.id }) : null;
    });
  }

  /** False: another step was first. `from` narrows which states may end so. */
  async end(
    session: ConnectSessionEntity,
    ending: Ending,
    from: readonly ConnectState[] = [session.state],
  ): Promise<boolean> {
    const ended = await this.database.transaction((tx) =>
      this.endWhere(tx, 'id = $1 AND state = ANY($2)', [session.id, from], ending),
    );
    return ended === 1;
  }

  /** Ends every open session of which `condition` ($1, $2 …) is true; says `connect.failed` for each. */
  async endWhere(tx: EntityManager, condition: string, values: unknown[], ending: Ending): Promise<number> {
    const n = values.length;
    const [rows] = await tx.query<[EndedRow[], number]>(
      `UPDATE connect_sessions SET state = $${n + 1}, ended_at = clock_timestamp(), event_version = event_version + 1,
         said = said || to_jsonb($${n + 2}::text), ${ERASED},
         redirect_uri = CASE WHEN $${n + 1} = 'expired' THEN redirect_uri END,
         app_state = CASE WHEN $${n + 1} = 'expired' THEN app_state END
       WHERE ended_at IS NULL AND (${condition})
       RETURNING id, person_id, user_id, client_id, connection_id, event_version`,
      [...values, ending.to, ending.reason],
    );
    await this.sayFailed(tx, rows, ending);
    return rows.length;
  }

  /** `completing` becomes `completed`; the caller holds the row. */
  async complete(tx: EntityManager, id: string): Promise<void> {
    await tx.query(
      `UPDATE connect_sessions SET state = 'completed', ended_at = clock_timestamp(), ${ERASED},
         redirect_uri = NULL, app_state = NULL
       WHERE id = $1 AND state = 'completing'`,
      [id],
    );
  }

  /** Says once that something was tried with this session that did not touch it. */
  async refuse(session: ConnectSessionEntity, reason: FailureReason): Promise<void> {
    await this.database.transaction(async (tx) => {
      const [rows] = await tx.query<[EndedRow[], number]>(
        `UPDATE connect_sessions SET event_version = event_version + 1, said = said || to_jsonb($2::text)
         WHERE id = $1 AND NOT said ? $2
         RETURNING id, person_id, user_id, client_id, connection_id, event_version`,
        [session.id, reason],
      );
      await this.sayFailed(tx, rows, { reason, actor: { kind: 'system' } });
    });
  }

  private sayFailed(tx: EntityManager, rows: EndedRow[], ending: Omit<Ending, 'to'>): Promise<void> {
    return this.outbox.addAll(
      tx,
      rows.map((row) => ({
        contract: connectFailed,
        id: row.id,
        sequence: row.event_version,
        data: {
          connectSessionId: row.id,
          personId: row.person_id,
          userId: row.user_id,
          clientId: row.client_id,
          connectionId: row.connection_id,
          reason: ending.reason,
          code: ending.code ?? null,
          actor: ending.actor,
        },
      })),
    );
  }
}
