import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { accountConnected, type WireEvent } from '@strongroom/contracts';
import { Delivery, OnEvent } from '@strongroom/messaging';

@Controller()
export class AddAccountToProfileWhenAccountConnected {
  /** The sequence makes an older event harmless; a person who is gone gets nothing. */
  @OnEvent(accountConnected, 'identity')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { data, sequence, time } = accountConnected.read(wire);
    await delivery.transaction((tx) =>
      tx.query(
        `INSERT INTO profile_accounts (account_id, person_id, connection_id, scopes, connected, sequence, created_at)
         SELECT $1, person_id, $3, $4, true, $5, $6 FROM users WHERE person_id = $2
         ON CONFLICT (account_id) DO UPDATE SET person_id = excluded.person_id, scopes = excluded.scopes,
           connected = true, sequence = excluded.sequence
         WHERE profile_accounts.sequence < excluded.sequence`,
        [data.accountId, data.personId, data.connectionId, JSON.stringify(data.scopes), sequence, time],
      ),
    );
  }
}
