import { InvalidTokenError } from '../authorization.errors.js';

export interface PresentedAccessToken {
  token: string;
  /** By `Authorization: DPoP`, so it is bound to a key; by `Bearer` it is not. */
  isBound: boolean;
}

/** @throws InvalidTokenError */
export function bearerOf(authorization: string | null): PresentedAccessToken {
  if (!authorization) throw new InvalidTokenError('there is none; send Authorization: Bearer', { reason: 'missing' });
  const [, scheme, token] = /^(bearer|dpop) +([\w.~+/-]+=*) *$/i.exec(authorization) ?? [];
  if (scheme === undefined || token === undefined)
    throw new InvalidTokenError('send it as Authorization: Bearer, or DPoP if it is bound to a key');
  return { token, isBound: scheme.toLowerCase() === 'dpop' };
}
