import { useQuery } from '@tanstack/react-query';
import { encoded, management } from '../../api/index.js';
import { useChange } from '../change.js';

export interface SigningKey {
  kid: string;
  fingerprint: string;
  current: boolean;
  next: boolean;
  previous: boolean;
  current_since?: string;
  current_until?: string;
  revoked: boolean;
  revoked_at?: string;
}

export interface EncryptionKey {
  kid: string;
  state: string;
  created_at: string;
  sealed: number;
  remaining: number;
  progress: number;
}

export type Ring = 'tokensets' | 'identity';
const RINGS: Record<Ring, string> = { tokensets: '/keys/encryption', identity: '/keys/encryption/identity' };

/** From making a new key to the last value that has moved to it. */
const isMoving = ({ state }: EncryptionKey): boolean => state === 'pre_active' || state === 'retiring';

export const useSigningKeys = () =>
  useQuery({ queryKey: ['signing keys'], queryFn: () => management<SigningKey[]>('/keys/signing') });

export const useRotateSigningKey = () =>
  useChange(() => management('/keys/signing/rotate', { method: 'POST' }), 'signing keys');

export const useRevokeSigningKey = () =>
  useChange((kid: string) => management(encoded`/keys/signing/${kid}/revoke`, { method: 'PUT' }), 'signing keys');

export const useEncryptionKeys = (ring: Ring) =>
  useQuery({
    queryKey: [`encryption keys of ${ring}`],
    queryFn: () => management<EncryptionKey[]>(RINGS[ring]),
    // While values move to a new key, one wants to see how far that is.
    refetchInterval: ({ state }) => (state.data?.some(isMoving) ? 5_000 : false),
  });

export const useRekey = (ring: Ring) =>
  useChange(() => management(`${RINGS[ring]}/rekey`, { method: 'POST' }), `encryption keys of ${ring}`);
