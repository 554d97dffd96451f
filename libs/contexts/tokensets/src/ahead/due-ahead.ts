import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { AccountParams } from '../known-connection.js';

export interface DueTokenset {
  id: string;
  params: AccountParams;
  credVersion: number;
}

/** Why a tokenset of the connection is to be refreshed before anybody asks. */
export type Reason = { kind: 'keep_fresh' } | { kind: 'keep_alive'; seconds: number };

const REFRESHABLE = `status = 'active' AND refresh_sealed IS NOT NULL`;
const FREE = `(next_attempt_at IS NULL OR next_attempt_at <= clock_timestamp())
  AND (lease_until IS NULL OR lease_until < clock_timestamp())`;

/** Finds, by index, what is due ahead of time. */
@Injectable()
export class DueAhead {
  constructor(private readonly database: DataSource) {}

  /** Connections that have something to refresh, each with what one of its accounts adds to it. */
  connections(): Promise<{ connectionId: string; params: AccountParams }[]> {
    // From one connection to the next by index: there are few of them and many tokensets.
    return this.database.query(
      `WITH RECURSIVE known AS (
         (SELECT connection_id FROM tokensets WHERE ${REFRESHABLE} ORDER BY connection_id LIMIT 1)
         UNION ALL
         SELECT (SELECT t.connection_id FROM tokensets t WHERE t.connection_id > known.connection_id AND ${REFRESHABLE}
                 ORDER BY t.connection_id LIMIT 1)
         FROM known WHERE known.connection_id IS NOT NULL)
       SELECT connection_id AS "connectionId",
         (SELECT provider_params FROM tokensets t WHERE t.connection_id = known.connection_id AND ${REFRESHABLE} LIMIT 1)
           AS params
       FROM known WHERE connection_id IS NOT NULL`,
    );
  }

  /** Those that have waited longest first. */
  tokensets(
    connectionId: string,
    reason: Reason,
    { most, except }: { most: number; except: readonly string[] },
  ): Promise<DueTokenset[]> {
    const columns = `id, provider_params AS params, cred_version AS "credVersion"`;
    if (reason.kind === 'keep_fresh')
      return this.database.query(
        `SELECT ${columns} FROM tokensets
         WHERE connection_id = $1 AND ${REFRESHABLE} AND early_at <= clock_timestamp() AND ${FREE} AND id <> ALL($3)
         ORDER BY early_at LIMIT $2`,
        [connectionId, most, except],
      );
    // Idle since its refresh token was last sent, or came. Each has its own moment in the last fifth of the time.
    return this.database.query(
      `SELECT ${columns} FROM tokensets
       WHERE connection_id = $1 AND ${REFRESHABLE} AND ${FREE} AND id <> ALL($3)
         AND access_issued_at <= clock_timestamp() - make_interval(secs => $4::float8 * 0.8)
         AND access_issued_at <= clock_timestamp() - make_interval(secs => $4::float8 * (0.8 + 0.2 * spread))
       ORDER BY access_issued_at LIMIT $2`,
      [connectionId, most, except, reason.seconds],
    );
  }
}
