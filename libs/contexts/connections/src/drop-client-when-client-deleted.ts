import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { clientDeleted, type WireEvent } from '@strongroom/contracts';
import { Delivery, OnEvent } from '@strongroom/messaging';
import { ConnectionsService } from './connections.service.js';

/** A client that is gone must not come back into a connection with an id used again. */
@Controller()
export class DropClientWhenClientDeleted {
  constructor(private readonly connections: ConnectionsService) {}

  @OnEvent(clientDeleted, 'connections')
  async handle(@Payload() wire: WireEvent, @Ctx() delivery: Delivery): Promise<void> {
    const { data } = clientDeleted.read(wire);
    await delivery.transaction((tx) => this.connections.dropClient(tx, data.clientId));
  }
}
