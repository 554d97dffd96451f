import { VaultError } from '@strongroom/errors';

export class LogNotFoundError extends VaultError {
  constructor() {
    super('There is no log with this id.', { code: 'inexistent_log', status: 404 });
  }
}
