import { Injectable } from '@nestjs/common';
import { type Actor, tokensetDeleted } from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { ENDED, UNUSED } from './ahead/endings.sql.js';
import { Custody } from './custody/custody.js';
import { shredKeys, supersedeAttempts } from './redeem/tokenset-store.js';
import type { RevokingConnections } from './revocation/revocation.types.js';
import { LEAVING_COLUMNS, type LeavingTokenset, Revocations } from './revocation/revocations.js';
import { Revoker } from './revocation/revoker.js';
import { changed } from './rows.js';
import { STATE_COLUMNS } from './tokenset-state.js';
import { TokensetEntity } from './tokenset.entity.js';

export type DeletionReason =
  'requested' | 'disconnected' | 'connection_deleted' | 'user_deleted' | 'unused' | 'expired';

/** Whose or which tokensets, as a condition on columns that are written here and nowhere else. */
type Which =
  | { personId: string; accountId: string }
  | { personId: string; tokensetId: string }
  | { connectionId: string }
  | { personId: string }
  | { unused: readonly string[]; days: string }
  | { ended: readonly string[] };

export interface Deletion {
  reason: DeletionReason;
  actor: Actor;
  /** Of `TokensetsService.revoking`. */
  revoking: RevokingConnections;
}

/** Lists and deletes. */
@Injectable()
export class TokensetsService {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly custody: Custody,
    private readonly revocations: Revocations,
    private readonly revoker: Revoker,
  ) {}

  /** Newest first. */
  ofPerson(personId: string): Promise<(TokensetEntity & { hasRefreshToken: boolean })[]> {
    return this.database.manager
      .createQueryBuilder(TokensetEntity, 't')
      .addSelect('t.refresh_sealed IS NOT NULL', 'has_refresh')
      .where('t.person_id = :personId', { personId })
      .orderBy('t.created_at', 'DESC')
      .addOrderBy('t.id', 'DESC')
      .getRawAndEntities<{ has_refresh: boolean }>()
      .then(({ entities, raw }) => entities.map((row, i) => ({ ...row, hasRefreshToken: raw[i]!.has_refresh })));
  }

  /** False: there was none, or it is another person's. Of two racing callers one gets true. */
  async delete(which: Which, reason: DeletionReason, actor: Actor): Promise<boolean> {
    const revoking = await this.revoking(which);
    const shredded = await this.database.transaction((tx) => this.erase(tx, which, { reason, actor, revoking }));
    this.forget(shredded);
    return shredded.length > 0;
  }

  /** The connections of these that revoke on delete: to be asked before the transaction of `erase`. */
  async revoking(which: Which): Promise<RevokingConnections> {
    const { condition, values } = conditionOf(which);
    const rows = await this.database.query<{ id: string }[]>(
      `SELECT DISTINCT connection_id AS id FROM tokensets WHERE ${condition}`,
      values,
    );
    return this.revocations.revoking(rows.map(({ id }) => id));
  }

  /** Rows, keys and the word of it in the caller's transaction. Returns the keys, for `forget` after the commit. */
  async erase(tx: EntityManager, which: Which, { reason, actor, revoking }: Deletion): Promise<string[]> {
    const { condition, values } = conditionOf(which);
    const rows = await changed<LeavingTokenset>(
      tx,
      `DELETE FROM tokensets WHERE ${condition} RETURNING ${STATE_COLUMNS}, ${LEAVING_COLUMNS}`,
      values,
    );
    if (rows.length === 0) return [];
    const ids = rows.map(({ id }) => id);
    const { say } = await this.revocations.take(tx, rows, revoking);
    const shredded = await shredKeys(tx, ids);
    await supersedeAttempts(tx, ids);
    const deleted = rows.map((row) => ({
      contract: tokensetDeleted,
      id: row.id,
      sequence: row.eventVersion + 1,
      data: {
        tokensetId: row.id,
        personId: row.personId,
        userId: null,
        connectionId: row.connectionId,
        accountId: row.accountId,
        status: 'deleted' as const,
        reason,
        keyId: row.keyId,
        actor,
      },
    }));
    for (let i = 0; i < deleted.length; i += EVENTS_AT_ONCE)
      await this.outbox.addAll(tx, deleted.slice(i, i + EVENTS_AT_ONCE));
    await say();
    return shredded;
  }

  /** After the commit: no key of these stays in memory, and what is to be revoked is. */
  forget(keyIds: readonly string[]): void {
    for (const keyId of keyIds) this.custody.forget(keyId);
    if (keyIds.length > 0) this.revoker.wake();
  }
}

const EVENTS_AT_ONCE = 500;

function conditionOf(which: Which): { condition: string; values: unknown[] } {
  // Asked again with the delete: somebody may have used one meanwhile.
  if ('unused' in which) return { condition: `${UNUSED} AND id = ANY($2)`, values: [which.days, which.unused] };
  if ('ended' in which) return { condition: `${ENDED} AND id = ANY($1)`, values: [which.ended] };
  if ('connectionId' in which) return { condition: 'connection_id = $1', values: [which.connectionId] };
  if ('accountId' in which)
    return { condition: 'person_id = $1 AND account_id = $2', values: [which.personId, which.accountId] };
  if ('tokensetId' in which)
    return { condition: 'person_id = $1 AND id = $2', values: [which.personId, which.tokensetId] };
  return { condition: 'person_id = $1', values: [which.personId] };
}
