import { Injectable } from '@nestjs/common';
import { tokensetReconnectRequired } from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { stateOf, type TokensetState } from '../tokenset-state.js';
import { TokensetsSettings } from '../tokensets.options.js';
import { changed } from '../rows.js';
import { CrashPoints } from './crash-points.js';
import { Lease } from './lease.js';
import { NodeRegistry } from './node-registry.js';
import { awaitAdministrator, requireReconnect } from './reconnect-verdict.js';
import {
  type CommittableAttempt,
  type Committed,
  type NewCredential,
  type NoLease,
  type OpenAttempt,
  type Refusal,
  RefreshStore,
  type RefreshTerms,
  type Setback,
} from './refresh.types.js';
import { isRefusedForGood, release, setBack } from './setbacks.js';
import { commitCredential, settle } from './settlement.js';

/** Steps 6, 11, 14 and 17 to 19 of `spec/refresh.md` §4 in Postgres. */
@Injectable()
export class RefreshJournal extends RefreshStore {
  private readonly lease: Lease;

  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly crash: CrashPoints,
    nodes: NodeRegistry,
    private readonly settings: TokensetsSettings,
  ) {
    super();
    this.lease = new Lease(nodes, settings);
  }

  override begin(terms: RefreshTerms): Promise<OpenAttempt | NoLease> {
    return this.durably((tx) => this.lease.begin(tx, terms));
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

  override commit(attempt: CommittableAttempt, credential: NewCredential): Promise<Committed> {
    return this.durably(async (tx) => {
      const committed = await commitCredential(tx, this.outbox, attempt, credential);
      await this.crash.at('P4', attempt.tokensetId);
      return committed;
    });
  }

  override requireReconnect(attempt: OpenAttempt, reason: string, why: Refusal): Promise<'written' | 'superseded'> {
    return this.durably(async (tx) => {
      const row = await this.reconnect(tx, attempt, reason);
      const isWritten =
        row !== undefined || (reason === 'admin' && (await awaitAdministrator(tx, attempt.tokensetId, attempt)));
      await settle(tx, attempt, isWritten ? 'rejected' : 'superseded', why);
      if (row) await this.say(tx, row, attempt, why);
      return isWritten ? 'written' : 'superseded';
    });
  }

  override setBack(attempt: OpenAttempt, setback: Setback): Promise<'waits' | 'rejected'> {
    return this.durably(async (tx) => {
      await setBack(tx, this.outbox, attempt, setback);
      if (setback.class !== 'unknown' || !(await isRefusedForGood(tx, attempt, setback))) return 'waits';
      const row = await this.reconnect(tx, attempt, 'rejected');
      if (row) await this.say(tx, row, attempt, setback);
      return 'rejected';
    });
  }

  override release(attempt: OpenAttempt, state: 'not_processed' | 'rejected', why: Refusal | null): Promise<void> {
    return this.durably((tx) => release(tx, this.outbox, attempt, { state, why }));
  }

  private reconnect(tx: EntityManager, attempt: OpenAttempt, reason: string): Promise<TokensetState | undefined> {
    const at = [attempt.base, attempt.fence];
    return requireReconnect(tx, attempt.tokensetId, reason, 'cred_version = $3 AND fence = $4', at);
  }

  private say(tx: EntityManager, row: TokensetState, { actor }: OpenAttempt, why: Refusal): Promise<void> {
    return this.outbox.add(tx, tokensetReconnectRequired, {
      id: row.id,
      sequence: row.eventVersion,
      data: { ...stateOf(row), class: why.class, code: why.code, actor },
    });
  }

  /** Whatever the server's default: what was said to be written survives its crash. */
  private durably<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.database.transaction(async (tx) => {
      await tx.query('SET LOCAL synchronous_commit = on');
      return work(tx);
    });
  }
}
