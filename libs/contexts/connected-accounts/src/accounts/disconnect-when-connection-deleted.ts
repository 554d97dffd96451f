import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { connectionDeleted, ConnectionDirectory, type WireEvent } from '@strongroom/contracts';
import { Delivery, OnEvent } from '@strongroom/messaging';
import { ConnectSessions } from '../connect/connect-sessions.js';
import { AccountsService } from './accounts.service.js';

const system = { kind: 'system' } as const;

/** An event is a hint: what disconnects people must be said by the owner too. */
@Controller()
export class DisconnectWhenConnectionDeleted {
  constructor(
    private readonly directory: ConnectionDirectory,
    private readonly accounts: AccountsService,
    private readonly sessions: ConnectSessions,
  ) {}

  @OnEvent(connectionDeleted, 'connected-accounts')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { data } = connectionDeleted.read(wire);
    const { connectionId } = data;
    const isGone = (await this.directory.byId(connectionId, null)) === null;
    await delivery.transaction(async (tx) => {
      if (!isGone) return;
      // First: whoever is storing an account holds its session, and that account is seen below. One that is at the vault
      // ends too: what comes back for it is deleted there again.
      await this.sessions.endWhere(tx, 'connection_id = $1', [connectionId], {
        to: 'failed',
        reason: 'provider_error',
        code: 'connection_unavailable',
        actor: system,
      });
      await this.accounts.disconnectWhere(tx, 'connection_id = $1', [connectionId], 'connection_deleted', data.actor);
    });
  }
}
