import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { tokensetReconnectRequired, type WireEvent } from '@strongroom/contracts';
import { Delivery, OnEvent } from '@strongroom/messaging';

/** The grant is dead and only the person can help. An older event than the last one seen changes nothing. */
@Controller()
export class MarkReconnectRequiredWhenTokensetNeedsIt {
  @OnEvent(tokensetReconnectRequired, 'connected-accounts')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { data, sequence } = tokensetReconnectRequired.read(wire);
    await delivery.transaction((tx) =>
      tx.query(
        `UPDATE connected_accounts SET status = 'reconnect_required', reason = $3, tokenset_sequence = $4
         WHERE id = $1 AND tokenset_id = $2 AND status <> 'disconnected' AND tokenset_sequence < $4`,
        [data.accountId, data.tokensetId, data.reason, sequence],
      ),
    );
  }
}
