import { isUnreachable, VaultError } from '@strongroom/errors';
import { CallError, CallInvalidError } from './rpc.errors.js';

/** Marks the answer to a call that was itself refused, so that nobody takes it for an answer to what was asked. */
export const CALL_ERROR_HEADER = 'x-strongroom-call-error';

/** A `VaultError` between two services: everything that it says, and nothing of what caused it. */
interface WireError {
  code: string;
  message: string;
  details?: Readonly<Record<string, unknown>>;
  retryAfter?: number;
  audit?: Readonly<Record<string, string | null>>;
}

export interface WireAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The answer for an error. One that is none of ours says nothing of itself: it may hold anything. */
export function wireAnswer(thrown: unknown): WireAnswer {
  const error = known(thrown);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (error.retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfter)));
  if (error instanceof CallError) headers[CALL_ERROR_HEADER] = error.code;
  return { status: error.status, headers, body: JSON.stringify({ error: toWire(error) }) };
}

/** Null: that is no error of ours. */
export function fromWire(status: number, body: unknown): VaultError | null {
  const { error } = (body ?? {}) as { error?: Partial<WireError> };
  if (typeof error?.code !== 'string' || typeof error.message !== 'string') return null;
  const { code, message, details, retryAfter, audit } = error;
  return new VaultError(message, {
    code,
    status,
    ...(details ? { details } : {}),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(audit ? { audit } : {}),
  });
}

const toWire = ({ code, message, details, retryAfter, audit }: VaultError): WireError => ({
  code,
  message,
  ...(details ? { details } : {}),
  ...(retryAfter === undefined ? {} : { retryAfter }),
  ...(audit ? { audit } : {}),
});

function known(thrown: unknown): VaultError {
  if (thrown instanceof VaultError) return thrown;
  const { statusCode } = thrown as { statusCode?: unknown };
  // Fastify's own: a body that is too large, say.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new CallInvalidError(statusCode, thrown);
  // Said as such, or the caller's own callers would be told of a fault of ours, and an event be given up.
  if (isUnreachable(thrown))
    return new VaultError('The store does not answer at the moment. Try again.', {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 2,
      details: { reason: 'store_unavailable', retry_after: 2 },
    });
  return new VaultError('Something failed on our side and was logged.', { code: 'server_error', status: 500 });
}
