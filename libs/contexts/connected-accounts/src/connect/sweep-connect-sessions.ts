import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { TokenVault } from '@strongroom/contracts';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';
import { SettleLabels } from '../accounts/settle-labels.js';
import { ConnectSessionEntity } from './connect-session.entity.js';
import { ConnectSessions } from './connect-sessions.js';
import { StoreAccount } from './store-account.js';

const EVERY_MS = 5000;
const BATCH = 100;
/** From here on the vault is asked whether there are tokens. */
const COMPLETING_SECONDS = 30;
/** Longer than a redeem may take: a slow provider is asked for tokens, keys and the account, some of it again. */
const GIVEN_UP_SECONDS = 120;

const system = { kind: 'system' } as const;

/** Ends what nobody ends, finishes what a crash left half done, removes old rows. Any number of processes may do it. */
@Injectable()
export class SweepConnectSessions implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly sessions: ConnectSessions,
    private readonly accounts: StoreAccount,
    private readonly vault: TokenVault,
    private readonly labels: SettleLabels,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running ??= this.sweep()
        .catch((err: unknown) => this.logger.error({ err }, 'the sweep of connect sessions failed'))
        .finally(() => (this.running = undefined));
    }, EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  async sweep(): Promise<void> {
    await this.expire(await this.forgetPending());
    await this.finish();
    await this.labels.run();
    await this.remove();
  }

  /** What waits in the vault for a call that can come no more is erased before the session ends. Returns whose time it is. */
  private async forgetPending(): Promise<string[]> {
    const due = await this.database
      .createQueryBuilder(ConnectSessionEntity, 'session')
      .where(`session.state = 'completing' AND session.pending AND session.expires_at <= clock_timestamp()`)
      .limit(BATCH)
      .getMany();
    try {
      for (const session of due) {
        // Stored after all, though the answer to that was lost: no account would show them.
        const isErased = await this.vault.abandon({ sessionId: session.id, personId: session.personId });
        if (!isErased) await this.finishOne(session);
      }
    } catch (err) {
      // They end all the same, and do not wait for a vault that is away: in ten minutes it erases what nobody came for.
      this.logger.warn({ err }, 'what is pending of connect sessions could not be erased yet');
    }
    return due.map(({ id }) => id);
  }

  private async expire(pending: string[]): Promise<void> {
    // A `completing` one is at the vault: time does not end it unless all that is missing is the same call again.
    const due = `id IN (SELECT id FROM connect_sessions
      WHERE ended_at IS NULL AND expires_at <= clock_timestamp() AND (state <> 'completing' OR pending AND id = ANY($1))
      ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;
    const one = () =>
      this.database.transaction((tx) =>
        this.sessions.endWhere(tx, due, [pending], { to: 'expired', reason: 'expired', actor: system }),
      );
    while ((await one()) === BATCH);
  }

  /** Died, or left without a verdict, between redeem and account: the vault knows whether there are tokens. The code is never sent again. */
  private async finish(): Promise<void> {
    const left = await this.database
      .createQueryBuilder(ConnectSessionEntity, 'session')
      .where(`session.state = 'completing' AND NOT session.pending`)
      .andWhere(
        // Whoever was told to repeat the call comes first: to them one that is finished would be over.
        `coalesce(session.completing_at, session.left_at, '-infinity') < clock_timestamp() - interval '${COMPLETING_SECONDS} s'`,
      )
      .orderBy('session.completing_at', 'ASC', 'NULLS LAST')
      .limit(BATCH)
      .getMany();
    for (const session of left) await this.finishOne(session);
  }

  /** Whoever could not be asked is asked again in five seconds; the sessions behind this one do not wait for it. */
  private async finishOne(session: ConnectSessionEntity): Promise<void> {
    try {
      const redeemed = await this.vault.redeemed(session.id);
      if (redeemed) await this.accounts.store(session, redeemed, system);
      else await this.giveUp(session);
    } catch (err) {
      this.logger.warn({ err, connectSessionId: session.id }, 'a connect session could not be finished yet');
    }
  }

  private async giveUp({ id, personId }: ConnectSessionEntity): Promise<void> {
    // One that may come again has the time that every session has.
    const isOld = `id = $1 AND state = 'completing' AND NOT pending
      AND coalesce(completing_at, ends_at) < clock_timestamp() - interval '${GIVEN_UP_SECONDS} s'`;
    const [old] = await this.database.query<unknown[]>(`SELECT FROM connect_sessions WHERE ${isOld}`, [id]);
    // A vault that is at it all the same would store tokens that no account shows.
    if (!old || !(await this.vault.abandon({ sessionId: id, personId }))) return;
    await this.database.transaction((tx) =>
      this.sessions.endWhere(tx, isOld, [id], {
        to: 'failed',
        reason: 'redeem_failed',
        code: 'no_answer',
        actor: system,
      }),
    );
  }

  private async remove(): Promise<void> {
    await this.database.query(`DELETE FROM connect_sessions WHERE ended_at < clock_timestamp() - interval '24 hours'`);
    await this.database.query(
      `DELETE FROM connected_accounts
       WHERE status = 'disconnected' AND disconnected_at < clock_timestamp() - interval '30 days'`,
    );
  }
}
