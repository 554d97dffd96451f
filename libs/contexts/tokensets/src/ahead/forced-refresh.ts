import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Actor } from '@strongroom/contracts';
import { DataSource } from 'typeorm';
import type { AccountParams } from '../known-connection.js';
import type { RefreshOutcome } from '../refresh/refresh.types.js';
import { Refresher } from '../refresh/refresher.js';
import { changed, first } from '../rows.js';
import {
  AnswerAwaitedError,
  InexistentTokensetError,
  MisconfiguredError,
  ProviderDownError,
  type ReconnectReason,
  RefreshInProgressError,
} from '../tokensets.errors.js';
import { TokensetsSettings } from '../tokensets.options.js';
import { ForcedTooOftenError, NotRefreshableError } from './forced-refresh.errors.js';

const APART_SECONDS = 60;

/** A refresh that an administrator asks for, whatever the token has left (`spec/refresh.md` §4 step 27). */
@Injectable()
export class ForcedRefresh {
  constructor(
    private readonly database: DataSource,
    private readonly refresher: Refresher,
    private readonly settings: TokensetsSettings,
  ) {}

  /** Returns when the new tokens are durable. @throws VaultError that says what is in the way. */
  async refresh(of: { personId: string; tokensetId: string }, actor: Actor): Promise<void> {
    const turn = await this.claimed(of);
    const outcome = await this.inTime(of.tokensetId, turn, actor);
    if (!outcome) throw new RefreshInProgressError();
    if (NOTHING_SENT.includes(outcome.state)) await this.giveBack(of.tokensetId, turn);
    await this.settled({ tokensetId: of.tokensetId, atVersion: turn.credVersion }, outcome);
  }

  private async inTime(tokensetId: string, turn: Claimed, actor: Actor): Promise<RefreshOutcome | undefined> {
    const { connectionId, params, credVersion: atVersion } = turn;
    const due = { tokensetId, connectionId, params, reserveSeconds: 0, atVersion, kind: 'forced', actor } as const;
    const over = sleep(this.settings.refreshWaitMs, undefined, { ref: false });
    try {
      return await Promise.race([this.refresher.refresh(due), over]);
    } catch (error) {
      // A part of ours did not answer before anything was sent.
      await this.giveBack(tokensetId, turn);
      throw error;
    }
  }

  /** Of two who ask at the same time one gets it: the statement decides. */
  private async claimed({ personId, tokensetId }: { personId: string; tokensetId: string }): Promise<Claimed> {
    const [claimed] = await changed<Claimed>(
      this.database.manager,
      `UPDATE tokensets SET forced_at = clock_timestamp()
       WHERE person_id = $1 AND id = $2 AND ${REFRESHABLE}
         AND (forced_at IS NULL OR forced_at <= clock_timestamp() - make_interval(secs => $3))
       RETURNING connection_id AS "connectionId", provider_params AS params, cred_version AS "credVersion",
         forced_at::text AS "forcedAt"`,
      [personId, tokensetId, APART_SECONDS],
    );
    if (claimed) return claimed;
    const row = await first<{ isRefreshable: boolean; reason: ReconnectReason | null; waitSeconds: number | null }>(
      this.database.manager,
      `SELECT ${REFRESHABLE} AS "isRefreshable", reason,
         extract(epoch FROM forced_at - clock_timestamp())::float8 + $3 AS "waitSeconds"
       FROM tokensets WHERE person_id = $1 AND id = $2`,
      [personId, tokensetId, APART_SECONDS],
    );
    if (!row) throw new InexistentTokensetError();
    if (!row.isRefreshable) throw new NotRefreshableError(row.reason ?? 'no_refresh_token');
    throw new ForcedTooOftenError(row.waitSeconds ?? APART_SECONDS);
  }

  /** Whoever comes again when told to is not told that it was too soon. */
  private async giveBack(tokensetId: string, { forcedAt }: Claimed): Promise<void> {
    await this.database.query('UPDATE tokensets SET forced_at = NULL WHERE id = $1 AND forced_at = $2::timestamptz', [
      tokensetId,
      forcedAt,
    ]);
  }

  private async settled(due: Due, outcome: RefreshOutcome): Promise<void> {
    switch (outcome.state) {
      case 'refreshed':
        return;
      case 'held':
        throw new RefreshInProgressError();
      case 'awaited':
        throw new AnswerAwaitedError();
      case 'limited':
        throw outcome.why === 'client_config'
          ? new MisconfiguredError()
          : new ProviderDownError(outcome.retryAfterSeconds);
      case 'failed':
        throw await this.failure(due.tokensetId, outcome.class);
      case 'moved':
        throw new NotRefreshableError('endpoint_changed');
      case 'changed':
      case 'unreadable':
      case 'reconnect_required':
        return this.asStored(due);
    }
  }

  private async failure(tokensetId: string, cls: string): Promise<Error> {
    if (cls === 'client_config' || cls === 'bug') return new MisconfiguredError();
    if (cls === 'insufficient_scope') return new NotRefreshableError('insufficient_scope');
    return triedInVain(await this.row(tokensetId));
  }

  /** Somebody else's refresh was first, it ended in a verdict, or nothing may be sent yet: the row says which. */
  private async asStored({ tokensetId, atVersion }: Due): Promise<void> {
    const row = await this.row(tokensetId);
    if (!row) throw new InexistentTokensetError();
    if (row.reason !== null) throw new NotRefreshableError(row.reason);
    if (row.version === atVersion) throw triedInVain(row);
  }

  private row(tokensetId: string) {
    return first<{ reason: ReconnectReason | null; version: number; waitSeconds: number | null }>(
      this.database.manager,
      `SELECT reason, cred_version AS version,
         extract(epoch FROM next_attempt_at - clock_timestamp())::float8 AS "waitSeconds"
       FROM tokensets WHERE id = $1`,
      [tokensetId],
    );
  }
}

/** An administrator may try what only waits for one. */
const REFRESHABLE = `((status = 'active' OR reason = 'admin') AND refresh_sealed IS NOT NULL)`;

/** Not sooner than it may be forced again, though the provider may be asked before that. */
const triedInVain = (row?: { waitSeconds: number | null }): ProviderDownError =>
  new ProviderDownError(Math.max(row?.waitSeconds ?? 0, APART_SECONDS));

type Due = { tokensetId: string; atVersion: number };

const NOTHING_SENT: readonly string[] = ['held', 'awaited', 'limited'] satisfies RefreshOutcome['state'][];

interface Claimed {
  connectionId: string;
  params: AccountParams;
  credVersion: number;
  /** As Postgres writes it, to the microsecond. */
  forcedAt: string;
}
