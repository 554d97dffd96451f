import { Controller } from '@nestjs/common';
import { connectionCreated, connectionDeleted, connectionUpdated } from '@strongroom/contracts';
import { OnEvent } from '@strongroom/messaging';
import { RememberedConnections } from './remembered-connections.js';

/** Forgetting is harmless however often it happens; without these events what is remembered ends after two seconds. */
@Controller()
export class ForgetConnectionsWhenConnectionChanges {
  constructor(private readonly connections: RememberedConnections) {}

  @OnEvent(connectionCreated, 'exchange')
  created(): void {
    this.connections.forget();
  }

  @OnEvent(connectionUpdated, 'exchange')
  updated(): void {
    this.connections.forget();
  }

  @OnEvent(connectionDeleted, 'exchange')
  deleted(): void {
    this.connections.forget();
  }
}
