import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { People, userDeleted, type WireEvent } from '@strongroom/contracts';
import { Delivery, OnEvent } from '@strongroom/messaging';
import { ConnectSessions } from '../connect/connect-sessions.js';
import { AccountsService } from './accounts.service.js';

const system = { kind: 'system' } as const;

/** An event is a hint: what disconnects a person must be said by the owner too. */
@Controller()
export class DisconnectWhenUserDeleted {
  constructor(
    private readonly people: People,
    private readonly accounts: AccountsService,
    private readonly sessions: ConnectSessions,
  ) {}

  @OnEvent(userDeleted, 'connected-accounts')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { data } = userDeleted.read(wire);
    const isGone = (await this.people.get(data.personId)) === null;
    await delivery.transaction(async (tx) => {
      if (!isGone) return;
      // First: whoever is storing an account holds its session, and that account is seen below. One that is at the vault
      // ends too: what comes back for it is deleted there again.
      await this.sessions.endWhere(tx, 'person_id = $1', [data.personId], {
        to: 'failed',
        reason: 'provider_error',
        code: 'person_unavailable',
        actor: system,
      });
      await this.accounts.disconnectWhere(tx, 'person_id = $1', [data.personId], 'user_deleted', data.actor);
    });
  }
}
