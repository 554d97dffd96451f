import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import type { WireEvent } from '@strongroom/contracts';
import { BatchDelivery, OnEveryEvent } from '@strongroom/messaging';
import { Ledger, ledgerLine } from './ledger.js';

@Controller()
export class RecordWhenAnythingHappened {
  constructor(private readonly ledger: Ledger) {}

  /** All are read before the transaction, so that one that cannot be read costs no rolled back batch. */
  @OnEveryEvent('audit')
  async handle(@Payload() wires: WireEvent[], @Ctx() delivery: BatchDelivery): Promise<void> {
    const lines = new Map(wires.map((wire) => [wire, ledgerLine(wire)]));
    await delivery.transaction((tx, events) =>
      this.ledger.append(
        tx,
        events.map((wire) => lines.get(wire)!),
      ),
    );
  }
}
