import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { AccountParams } from '../known-connection.js';
import { TokensetsSettings } from '../tokensets.options.js';
import { awaitedSql, takeoverValues } from './awaited.js';
import { NodeRegistry } from './node-registry.js';

/** A tokenset that is to be refreshed although nobody asks, at the version that it has. */
export interface Recoverable {
  tokensetId: string;
  connectionId: string;
  params: AccountParams;
  version: number;
}

/** What is not looked for now. */
export interface Except {
  tokensets: readonly string[];
  connections: readonly string[];
}

const AS_RECOVERABLE = `t.id AS "tokensetId", t.connection_id AS "connectionId", t.provider_params AS "params",
  t.cred_version AS "version"`;
const FREE = `(t.lease_until IS NULL OR t.lease_until < clock_timestamp())
  AND (t.next_attempt_at IS NULL OR t.next_attempt_at <= clock_timestamp())`;
const AWAITED = awaitedSql({ rotation: 'a.rotation', node: '$4', silenceSeconds: '$5', sinceFailure: '$6' });
/** This very process saw it fail. Callers may try again before; without one the resend is not wasted on a short outage. */
const RECENT = `(a.rotation = 'strict' AND a.state = 'unknown' AND a.boot_id = $7
  AND a.sent_at + make_interval(secs => $8) > clock_timestamp())`;

/** What the sweep of `spec/refresh.md` §4 step 21 finds. Who of several processes gets it, the lease decides. */
@Injectable()
export class OpenAttempts {
  constructor(
    private readonly database: DataSource,
    private readonly nodes: NodeRegistry,
    private readonly settings: TokensetsSettings,
  ) {}

  /** Earliest end of a grace first. */
  due(limit: number, { tokensets, connections }: Except): Promise<Recoverable[]> {
    return this.rows(
      `SELECT ${AS_RECOVERABLE}
       FROM refresh_attempts a JOIN tokensets t ON t.id = a.tokenset_id AND t.cred_version = a.base_version
       WHERE a.is_open AND (t.status = 'active' OR t.reason = 'admin') AND t.refresh_sealed IS NOT NULL AND ${FREE}
         AND t.id <> ALL($2) AND t.connection_id <> ALL($3)
         AND NOT ${AWAITED} AND NOT ${RECENT}
       ORDER BY a.grace_until NULLS LAST, a.sent_at LIMIT $1 FOR UPDATE OF t SKIP LOCKED`,
      [
        limit,
        tokensets,
        connections,
        ...takeoverValues(this.nodes, this.settings),
        this.settings.bootId,
        this.settings.leaseSeconds('strict'),
      ],
    );
  }

  /** Their administrator may have allowed it by now. */
  forAdministrators(limit: number, { tokensets, connections }: Except): Promise<Recoverable[]> {
    return this.rows(
      `SELECT ${AS_RECOVERABLE} FROM tokensets t
       WHERE t.reason = 'admin' AND t.refresh_sealed IS NOT NULL AND ${FREE} AND t.id <> ALL($2)
         AND t.connection_id <> ALL($3)
       ORDER BY t.next_attempt_at LIMIT $1`,
      [limit, tokensets, connections],
    );
  }

  at(versions: readonly { tokensetId: string; version: number }[]): Promise<Recoverable[]> {
    return this.rows(
      `SELECT ${AS_RECOVERABLE} FROM tokensets t
         JOIN jsonb_to_recordset($1::jsonb) wanted ("tokensetId" text, version integer)
           ON wanted."tokensetId" = t.id AND wanted.version = t.cred_version`,
      [JSON.stringify(versions)],
    );
  }

  /** Nothing but the rows, each within its own statement. */
  private rows(sql: string, values: unknown[]): Promise<Recoverable[]> {
    return this.database.query<Recoverable[]>(sql, values);
  }
}
