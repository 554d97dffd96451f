import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { tokensetDeleted, type WireEvent } from '@strongroom/contracts';
import { Delivery, OnEvent } from '@strongroom/messaging';
import { AccountsService, type DisconnectReason } from './accounts.service.js';

/** Deleted through our own list, it was requested there; the answer of that request may still be on its way. */
const REASONS: Record<string, DisconnectReason> = {
  disconnected: 'requested',
  connection_deleted: 'connection_deleted',
  user_deleted: 'user_deleted',
};

/**
 * The tokens went from the vault's side. Tokenset and account are both compared, so a redelivery after the person has
 * connected again meets nothing.
 */
@Controller()
export class DisconnectWhenTokensetDeleted {
  constructor(private readonly accounts: AccountsService) {}

  @OnEvent(tokensetDeleted, 'connected-accounts')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { data } = tokensetDeleted.read(wire);
    await delivery.transaction(async (tx) => {
      await this.accounts.disconnectWhere(
        tx,
        'id = $1 AND tokenset_id = $2',
        [data.accountId, data.tokensetId],
        REASONS[data.reason] ?? 'tokenset_deleted',
        data.actor,
      );
      // Heard before `complete` stored the account: the row that is there already keeps it from appearing.
      await tx.query(
        `INSERT INTO connected_accounts (id, status, person_id, connection_id, tokenset_id, disconnected_at)
         VALUES ($1, 'disconnected', $2, $3, $4, clock_timestamp()) ON CONFLICT (id) DO NOTHING`,
        [data.accountId, data.personId, data.connectionId, data.tokensetId],
      );
    });
  }
}
