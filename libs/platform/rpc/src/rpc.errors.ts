import { type ServiceName } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';

/** Another service does not answer, or not in time. What was asked may or may not have been done. */
export class ServiceUnavailableError extends VaultError {
  constructor(service: ServiceName, cause: unknown) {
    super(`The service "${service}" does not answer at the moment. Try again.`, {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 2,
      details: { reason: 'store_unavailable', retry_after: 2 },
      cause,
    });
  }
}

/** The call itself was refused: nothing of what it asks for was begun. */
export class CallError extends VaultError {}

/** Listens, and has not finished its start. */
export class NotReadyError extends CallError {
  constructor() {
    super('This service is starting. Try again.', { code: 'not_ready', status: 503, retryAfter: 1 });
  }
}

export class CallerUnknownError extends CallError {
  constructor() {
    super('No token of a service for this service.', { code: 'invalid_service_token', status: 401 });
  }
}

export class CallRefusedError extends CallError {
  constructor() {
    super('This service may not make that call.', { code: 'call_refused', status: 403 });
  }
}

export class CallInvalidError extends CallError {
  constructor(status = 400, cause?: unknown) {
    super('The body of a call is a JSON array of its parameters.', { code: 'invalid_call', status, cause });
  }
}
