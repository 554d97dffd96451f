import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type KeyRing } from '@strongroom/crypto';
import type { ClientEntity } from './client.entity.js';

/** 256 random bits. */
export const newClientSecret = (): string => randomBytes(32).toString('base64url');

/** Clients' secrets are random, so one hash is enough. */
const secretHash = (secret: string): Buffer => createHash('sha256').update(secret, 'utf8').digest();

/** Whether it is the one that the client has. */
export const isSecretOf = ({ secretHash: kept }: Pick<ClientEntity, 'secretHash'>, secret: string): boolean =>
  kept !== null && timingSafeEqual(kept, secretHash(secret));

/** The two columns that keep a secret: a hash for comparing, a sealed copy for `read:client_keys`. */
export const secretColumns = (
  keys: KeyRing,
  clientId: string,
  secret: string | null,
): Pick<ClientEntity, 'secretHash' | 'secretSealed'> =>
  secret === null
    ? { secretHash: null, secretSealed: null }
    : {
        secretHash: secretHash(secret),
        secretSealed: keys.sealValue('client-secret', clientId, 'client_secret', secret),
      };

/** Null: the client has none. */
export const openClientSecret = (keys: KeyRing, { clientId, secretSealed }: ClientEntity): string | null =>
  secretSealed === null
    ? null
    : keys.openValue('client-secret', clientId, 'client_secret', secretSealed).toString('utf8');
