import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { tokensetRecovered, type WireEvent } from '@strongroom/contracts';
import { Delivery, OnEvent } from '@strongroom/messaging';

/** The tokens work again. An older event than the last one seen changes nothing. */
@Controller()
export class MarkConnectedWhenTokensetRecovered {
  @OnEvent(tokensetRecovered, 'connected-accounts')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { data, sequence } = tokensetRecovered.read(wire);
    await delivery.transaction((tx) =>
      tx.query(
        `UPDATE connected_accounts SET status = 'connected', reason = NULL, tokenset_sequence = $3
         WHERE id = $1 AND tokenset_id = $2 AND status <> 'disconnected' AND tokenset_sequence < $3`,
        [data.accountId, data.tokensetId, sequence],
      ),
    );
  }
}
