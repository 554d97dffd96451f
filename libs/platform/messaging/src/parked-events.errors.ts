import { VaultError } from '@strongroom/errors';

export class ParkedEventNotFoundError extends VaultError {
  constructor() {
    super('There is no parked event with this id.', { code: 'inexistent_parked_event', status: 404 });
  }
}

export class UnknownContextError extends VaultError {
  constructor() {
    super('No context of this name handles events here.', { code: 'not_found', status: 404 });
  }
}
