import { Injectable } from '@nestjs/common';
import {
  accountConnected,
  accountDisconnected,
  type Actor,
  type DataOf,
  type Redeemed,
  sayableScopes,
  TokenVault,
} from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager, In, Not } from 'typeorm';
import type { ConnectSessionEntity } from '../connect/connect-session.entity.js';
import { ConnectSessions } from '../connect/connect-sessions.js';
import { ConnectedAccountNotFoundError } from '../connected-accounts.errors.js';
import { ConnectedAccountEntity } from './connected-account.entity.js';

export type DisconnectReason = DataOf<typeof accountDisconnected>['reason'];

export interface AccountFilter {
  personId: string;
  /** Names; empty: all. */
  connections: readonly string[];
  /** Only what comes after this account. */
  after: string | null;
}

interface DisconnectedRow {
  id: string;
  person_id: string;
  user_id: string | null;
  connection_id: string;
  tokenset_id: string;
  event_version: number;
}

/** The only writer of `connected_accounts`. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly vault: TokenVault,
    private readonly sessions: ConnectSessions,
  ) {}

  find(tx: EntityManager, personId: string, id: string): Promise<ConnectedAccountEntity | null> {
    return tx.findOneBy(ConnectedAccountEntity, { id, personId, status: Not('disconnected') });
  }

  onConnection(personId: string, connectionId: string): Promise<ConnectedAccountEntity[]> {
    return this.database.manager.findBy(ConnectedAccountEntity, {
      personId,
      connectionId,
      status: Not('disconnected'),
    });
  }

  /** Oldest first, at most `limit`. Null: there never was such an account to go on from. */
  async list({ personId, connections, after }: AccountFilter, limit: number): Promise<ConnectedAccountEntity[] | null> {
    const last = after && (await this.database.manager.findOneBy(ConnectedAccountEntity, { id: after, personId }));
    if (after && !last) return null;
    return this.database
      .createQueryBuilder(ConnectedAccountEntity, 'account')
      .where({ personId, status: Not('disconnected') })
      .andWhere(connections.length > 0 ? { connectionName: In(connections) } : 'true')
      .andWhere('account.position > :position', { position: last ? last.position : '0' })
      .orderBy('account.position')
      .limit(limit)
      .getMany();
  }

  /** Stores what the vault keeps for this session, in the caller's transaction. Null: it was disconnected meanwhile. */
  async connect(
    tx: EntityManager,
    session: ConnectSessionEntity,
    redeemed: Redeemed,
    actor: Actor,
  ): Promise<ConnectedAccountEntity | null> {
    const missingScopes = missingOf(session, redeemed);
    const [row] = await tx.query<{ event_version: number }[]>(
      `INSERT INTO connected_accounts AS account (id, status, person_id, user_id, connection_id, connection_name, strategy,
         tokenset_id, scopes, missing_scopes, has_refresh_token, params, label, expires_at, label_settled, event_version)
       VALUES ($1, 'connected', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)
       ON CONFLICT (id) DO UPDATE SET status = 'connected', reason = NULL, user_id = excluded.user_id,
         connection_name = excluded.connection_name, strategy = excluded.strategy, tokenset_id = excluded.tokenset_id,
         scopes = excluded.scopes, missing_scopes = excluded.missing_scopes,
         has_refresh_token = excluded.has_refresh_token, params = excluded.params, label = excluded.label,
         expires_at = excluded.expires_at, label_settled = excluded.label_settled,
         event_version = account.event_version + 1
       WHERE account.status <> 'disconnected' AND account.person_id = excluded.person_id
       RETURNING event_version`,
      [
        redeemed.accountId,
        session.personId,
        session.userId,
        session.connectionId,
        session.connectionName,
        session.strategy,
        redeemed.tokensetId,
        JSON.stringify(redeemed.scopes),
        JSON.stringify(missingScopes),
        redeemed.hasRefreshToken,
        JSON.stringify(session.params),
        redeemed.label,
        redeemed.endsAt ?? null,
        !redeemed.reconnected, // else the person may have renamed it since the vault said this
      ],
    );
    if (!row) return null;
    await this.outbox.add(tx, accountConnected, {
      id: redeemed.accountId,
      sequence: row.event_version,
      data: {
        accountId: redeemed.accountId,
        personId: session.personId,
        userId: session.userId,
        connectionId: session.connectionId,
        tokensetId: redeemed.tokensetId,
        status: 'connected',
        scopes: sayableScopes(redeemed.scopes),
        clientId: session.clientId,
        connectSessionId: session.id,
        reconnected: redeemed.reconnected,
        missingScopes: sayableScopes(missingScopes),
        actor,
      },
    });
    return this.find(tx, session.personId, redeemed.accountId);
  }

  /**
   * Null: back to what the provider calls it. The vault decides, because an exchange may ask for the account by it; the
   * same call again makes good what died between vault and row.
   */
  async label(personId: string, id: string, label: string | null): Promise<ConnectedAccountEntity> {
    const actor = { kind: 'user', id: personId } as const;
    const set = await this.vault.label({ personId, accountId: id, label, actor });
    if (set) await this.show(personId, id, set.label);
    const account = set && (await this.find(this.database.manager, personId, id));
    if (!account) throw new ConnectedAccountNotFoundError();
    return account;
  }

  /** Of two calls at once, the later one at the vault may be the earlier one here: whoever writes looks there again. */
  private async show(personId: string, id: string, label: string | null): Promise<void> {
    for (let shown = label; ;) {
      await this.database.query(
        `UPDATE connected_accounts SET label = $3 WHERE id = $1 AND person_id = $2 AND status <> 'disconnected'`,
        [id, personId, shown],
      );
      const kept = (await this.vault.list(personId)).find(({ accountId }) => accountId === id);
      if (!kept || kept.label === shown) return;
      shown = kept.label;
    }
  }

  /**
   * The tokens are gone before this answers. The vault is asked even where no row is left, so that a deletion that
   * died half way can be finished by the same call.
   */
  async delete(personId: string, id: string, actor: Actor): Promise<void> {
    const { clientId, ...who } = actor;
    const asked = { personId, accountId: id, reason: 'disconnected', actor: who, clientId } as const;
    const hadTokens = await this.vault.delete(asked);
    const disconnected = await this.database.transaction((tx) =>
      this.disconnectWhere(tx, 'id = $1 AND person_id = $2', [id, personId], 'requested', actor),
    );
    if (!hadTokens && disconnected === 0) throw new ConnectedAccountNotFoundError();
  }

  /**
   * Empties every connected row of which `condition` ($1, $2 …) is true, says `account.disconnected` for each, and ends
   * connect sessions that were to renew it. A repeat changes nothing.
   */
  async disconnectWhere(
    tx: EntityManager,
    condition: string,
    values: unknown[],
    reason: DisconnectReason,
    actor: Actor,
  ): Promise<number> {
    const [rows] = await tx.query<[DisconnectedRow[], number]>(
      `UPDATE connected_accounts SET status = 'disconnected', reason = NULL, connection_name = NULL, strategy = NULL,
         label = NULL, scopes = '[]', missing_scopes = '[]', has_refresh_token = false, params = '{}', expires_at = NULL, disconnected_at = clock_timestamp(),
         event_version = event_version + 1
       WHERE status <> 'disconnected' AND (${condition})
       RETURNING id, person_id, user_id, connection_id, tokenset_id, event_version`,
      values,
    );
    await this.outbox.addAll(
      tx,
      rows.map((row) => ({
        contract: accountDisconnected,
        id: row.id,
        sequence: row.event_version,
        data: {
          accountId: row.id,
          personId: row.person_id,
          userId: row.user_id,
          connectionId: row.connection_id,
          tokensetId: row.tokenset_id,
          status: 'disconnected',
          scopes: [],
          reason,
          actor,
        },
      })),
    );
    if (rows.length > 0)
      await this.sessions.endWhere(
        tx,
        `pinned_account_id = ANY($1) AND state <> 'completing'`,
        [rows.map((r) => r.id)],
        {
          to: 'failed',
          reason: 'account_conflict',
          code: 'account_disconnected',
          actor,
        },
      );
    return rows.length;
  }
}

/** What was granted before is asked for again; that it was not given now is no miss of what was wanted this time. */
function missingOf({ scopes }: ConnectSessionEntity, { missingScopes }: Redeemed): string[] {
  const wanted = scopes?.map((scope) => scope.toLowerCase());
  return missingScopes.filter((scope) => !wanted || wanted.includes(scope.toLowerCase()));
}
