import { InvalidTokenError } from '../authorization.errors.js';

/** @throws InvalidTokenError */
export function bearerOf(authorization: string | null): string {
  if (!authorization) throw new InvalidTokenError('there is none; send Authorization: Bearer', { reason: 'missing' });
  const token = /^bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1];
  if (token === undefined) throw new InvalidTokenError('send it as Authorization: Bearer');
  return token;
}
