import { VaultError } from '@strongroom/errors';

/** Unknown, not enabled for the client, vault off: one answer, so that nobody learns which. */
export class ConnectionNotFoundError extends VaultError {
  constructor() {
    super('The connection was not found, or Connected Accounts is not available for it', {
      code: 'inexistent_connection',
      status: 404,
    });
  }
}

/** Unknown, expired, spent, of another person or another client: one answer. */
export class ConnectSessionNotFoundError extends VaultError {
  constructor() {
    super('Invalid or expired session', { code: 'invalid_session', status: 404 });
  }
}

export class TooManyConnectSessionsError extends VaultError {
  constructor() {
    super('Too many accounts are being connected at once. Finish one, or wait ten minutes.', {
      code: 'too_many_requests',
      status: 429,
      retryAfter: 60,
    });
  }
}

/** Absent, or another person's: one answer. */
export class ConnectedAccountNotFoundError extends VaultError {
  constructor() {
    super('The connected account does not exist', { code: 'inexistent_connected_account', status: 404 });
  }
}

export class UserNotFoundError extends VaultError {
  constructor() {
    super('The user does not exist', { code: 'inexistent_user', status: 404 });
  }
}

/** A form of ours that did not come from our page in this browser. */
export class FormRefusedError extends VaultError {
  constructor(cause: string) {
    super('This form cannot be accepted. Go back to the app and begin again.', {
      code: 'form_refused',
      status: 403,
      cause: new Error(cause),
    });
  }
}

/** A provider that wants its requests lodged with it beforehand did not take this one. */
export class RequestNotTakenError extends VaultError {
  constructor(readonly refusal: VaultError) {
    super('The provider did not take the request', { code: 'request_not_taken', status: 502, cause: refusal });
  }
}
