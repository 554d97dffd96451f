import { VaultError } from '@strongroom/errors';

/** A `VaultError` between two services: everything that it says, and nothing of what caused it. */
export interface WireError {
  code: string;
  message: string;
  details?: Readonly<Record<string, unknown>>;
  retryAfter?: number;
  audit?: Readonly<Record<string, string | null>>;
}

export const toWire = ({ code, message, details, retryAfter, audit }: VaultError): WireError => ({
  code,
  message,
  ...(details ? { details } : {}),
  ...(retryAfter === undefined ? {} : { retryAfter }),
  ...(audit ? { audit } : {}),
});

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
