import { VaultError } from '@strongroom/errors';
import { ValidationError } from '@strongroom/http';

export class InexistentConnectionError extends VaultError {
  constructor() {
    super('The connection does not exist.', { code: 'inexistent_connection', status: 404 });
  }
}

export class ConnectionConflictError extends VaultError {
  constructor(detail = 'A connection with this name already exists.') {
    super(detail, { code: 'connection_conflict', status: 409 });
  }
}

/** The path names the member, the detail says the rule and never the value. */
export const refused = (path: string, detail: string): ValidationError =>
  new ValidationError('body', [{ path: path.split('.'), detail }]);

/** `spec/threats.md` M3: whoever may edit a connection must not be able to have its secret sent to himself. */
export const secretNeeded = (): ValidationError =>
  refused(
    'options.client_secret',
    'is needed in clear in this request, because the client secret, or a token, would now be sent to another origin',
  );
