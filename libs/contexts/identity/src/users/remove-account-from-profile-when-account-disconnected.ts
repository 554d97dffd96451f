import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { accountDisconnected, type WireEvent } from '@strongroom/contracts';
import { Delivery, OnEvent } from '@strongroom/messaging';

@Controller()
export class RemoveAccountFromProfileWhenAccountDisconnected {
  /** Inserted if it is not there: an `account.connected` that comes after it must find it. */
  @OnEvent(accountDisconnected, 'identity')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { data, sequence, time } = accountDisconnected.read(wire);
    await delivery.transaction((tx) =>
      tx.query(
        `INSERT INTO profile_accounts (account_id, person_id, connection_id, scopes, connected, sequence, created_at)
         SELECT $1, person_id, $3, '[]', false, $4, $5 FROM users WHERE person_id = $2
         ON CONFLICT (account_id) DO UPDATE SET scopes = '[]', connected = false, sequence = excluded.sequence
         WHERE profile_accounts.sequence < excluded.sequence`,
        [data.accountId, data.personId, data.connectionId, sequence, time],
      ),
    );
  }
}
