import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { TokenVault } from '@strongroom/contracts';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';
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
    await this.expire();
    await this.finish();
    await this.remove();
  }

  private async expire(): Promise<void> {
    // A `completing` one is at the vault: time does not end it unless all that is missing is the same call again.
    const due = `id IN (SELECT id FROM connect_sessions
      WHERE ended_at IS NULL AND expires_at <= clock_timestamp() AND (state <> 'completing' OR pending)
      ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;
    const one = () =>
      this.database.transaction((tx) =>
        this.sessions.endWhere(tx, due, [], { to: 'expired', reason: 'expired', actor: system }),
      );
    while ((await one()) === BATCH);
  }

  /** Died between redeem and account: the vault knows whether there are tokens. The code is never sent again. */
  private async finish(): Promise<void> {
    const left = await this.database
      .createQueryBuilder(ConnectSessionEntity, 'session')
      .where(`session.state = 'completing' AND NOT session.pending`)
      .andWhere(`session.completing_at < clock_timestamp() - interval '${COMPLETING_SECONDS} s'`)
      .orderBy('session.completing_at')
      .limit(BATCH)
      .getMany();
    for (const session of left) {
      const redeemed = await this.vault.redeemed(session.id);
      if (redeemed) await this.accounts.store(session, redeemed, system);
      else await this.giveUp(session.id);
    }
  }

  private async giveUp(id: string): Promise<void> {
    const isOld = `id = $1 AND state = 'completing'
      AND completing_at < clock_timestamp() - interval '${GIVEN_UP_SECONDS} s'`;
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
