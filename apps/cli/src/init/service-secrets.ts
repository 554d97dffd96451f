import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { ServiceName } from '@strongroom/contracts';
import { ConfiguredMasterKeys } from '@strongroom/crypto';

/** A file, and what makes what it holds. */
export type Recipes = Readonly<Record<string, () => string>>;

const word = (bytes: number): string => randomBytes(bytes).toString('base64url');
const privateKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const masterKeys = { 'master-keys': () => ConfiguredMasterKeys.generate(`mk-${word(4)}`) };

/** What each service gets for itself alone; only two of them can open what is sealed. */
export const recipes = (administratorEmail: string): Readonly<Record<ServiceName | 'owner', Recipes>> => {
  const all = { 'service-key.pem': privateKey, 'database-password': () => word(32) };
  return {
    connections: all,
    'connected-accounts': all,
    exchange: all,
    tokensets: { ...all, ...masterKeys },
    identity: {
      ...all,
      ...masterKeys,
      'management-client-id': () => `mgmt_${word(12)}`,
      'management-client-secret': () => word(32),
      'administrator-email': () => administratorEmail,
      'administrator-password': () => word(18),
    },
    audit: { ...all, 'ledger-key.pem': privateKey },
    owner: { 'database-password': () => word(32) },
  };
};
