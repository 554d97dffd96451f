import { Controller } from '@nestjs/common';
import { clientCreated, clientDeleted, clientUpdated } from '@strongroom/contracts';
import { OnEvent } from '@strongroom/messaging';
import { RememberedConnections } from './remembered-connections.js';

/** Forgetting is harmless however often it happens; without these events what is remembered ends after two seconds. */
@Controller()
export class ForgetConnectionsWhenClientChanges {
  constructor(private readonly connections: RememberedConnections) {}

  @OnEvent(clientCreated, 'exchange')
  created(): void {
    this.connections.forget();
  }

  @OnEvent(clientUpdated, 'exchange')
  updated(): void {
    this.connections.forget();
  }

  @OnEvent(clientDeleted, 'exchange')
  deleted(): void {
    this.connections.forget();
  }
}
