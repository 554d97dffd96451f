import { Injectable } from '@nestjs/common';
import { type Actor, ConnectionDirectory, type Redeemed, TokenVault } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { AccountsService } from '../accounts/accounts.service.js';
import type { ConnectedAccountEntity } from '../accounts/connected-account.entity.js';
import { ConnectSessionEntity } from './connect-session.entity.js';
import { ConnectSessions } from './connect-sessions.js';
import { callbackPath } from './provider-request.js';

const GONE = { reason: 'provider_error', code: 'connection_unavailable' } as const;

/** Step 7 of `complete`: what the vault stored becomes an account. Also for the sweep, after a crash in between. */
@Injectable()
export class StoreAccount {
  constructor(
    private readonly database: DataSource,
    private readonly sessions: ConnectSessions,
    private readonly accounts: AccountsService,
    private readonly vault: TokenVault,
    private readonly publicUrl: PublicUrl,
    private readonly directory: ConnectionDirectory,
  ) {}

  /** The `redirect_uri` that the provider saw. */
  providerRedirectUri(session: ConnectSessionEntity): string {
    return this.publicUrl.of(callbackPath(session.connectionName));
  }

  /** Null: session or account were ended while the vault was busy, and nothing of it stays. */
  async store(session: ConnectSessionEntity, redeemed: Redeemed, actor: Actor): Promise<ConnectedAccountEntity | null> {
    const isGone = (await this.directory.byId(session.connectionId, null)) === null;
    const account = await this.database.transaction(async (tx) => {
      const mine = await tx.findOne(ConnectSessionEntity, {
        where: { id: session.id },
        lock: { mode: 'pessimistic_write' },
      });
      if (mine?.state !== 'completing')
        return mine?.state === 'completed' ? this.accounts.find(tx, session.personId, redeemed.accountId) : null;
      const stored = isGone ? null : await this.accounts.connect(tx, mine, redeemed, actor);
      if (stored) await this.sessions.complete(tx, session.id);
      else
        await this.sessions.endWhere(tx, 'id = $1', [session.id], {
          to: 'failed',
          ...(isGone ? GONE : { reason: 'account_conflict', code: 'disconnected_meanwhile' }),
          actor,
        });
      return stored;
    });
    // Tokens that no account shows could not be removed by anybody. A renewed account still has its entry.
    if (!account && !redeemed.reconnected)
      await this.vault.delete({
        personId: session.personId,
        accountId: redeemed.accountId,
        reason: 'disconnected',
        actor: { kind: 'system' },
      });
    return account;
  }
}
