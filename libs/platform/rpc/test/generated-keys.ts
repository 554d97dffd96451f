import { generateKeyPairSync } from 'node:crypto';
import { type ServiceName, serviceNames } from '@strongroom/contracts';
import { publicJwk } from '../src/service-keys.js';

interface GeneratedServiceKeys {
  /** PKCS #8, PEM, by service. */
  privateKeyPem: Record<ServiceName, string>;
  /** JWKS, for everybody. */
  jwks: string;
}

/** One key pair for each service. */
export function generateServiceKeys(): GeneratedServiceKeys {
  const pairs = serviceNames.map((name) => ({ name, ...generateKeyPairSync('ed25519') }));
  return {
    privateKeyPem: Object.fromEntries(
      pairs.map(({ name, privateKey }) => [name, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()]),
    ) as Record<ServiceName, string>,
    jwks: JSON.stringify({ keys: pairs.map(({ name, publicKey }) => publicJwk(name, publicKey)) }, null, 2),
  };
}
