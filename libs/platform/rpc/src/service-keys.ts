import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type ServiceName, serviceNames } from '@strongroom/contracts';

interface PublicJwk {
  kty?: unknown;
  crv?: unknown;
  x?: unknown;
  kid?: unknown;
}

/** A service's own private key and the public keys of all. Ed25519; `kid` is the name of the service. */
export class ServiceKeys {
  private constructor(
    readonly name: ServiceName,
    readonly privateKey: KeyObject,
    private readonly publicKeys: ReadonlyMap<ServiceName, readonly KeyObject[]>,
  ) {}

  /** @throws Error that says which of the two is wrong, and never shows it. */
  static parse(given: { name: ServiceName; privateKeyPem: string; publicKeysJwks: string }): ServiceKeys {
    const privateKey = privateKeyOf(given.privateKeyPem);
    const publicKeys = publicKeysOf(given.publicKeysJwks);
    const own = createPublicKey(privateKey);
    if (!publicKeys.get(given.name)?.some((key) => key.equals(own)))
      throw new Error(
        `STRONGROOM_SERVICE_KEY is not the private key of "${given.name}" in STRONGROOM_SERVICE_KEYS: ` +
          'give the service its own key file, or run `strongroom init` again.',
      );
    return new ServiceKeys(given.name, privateKey, publicKeys);
  }

  /** Several while a key is being replaced; none of a stranger. */
  of(name: unknown): readonly KeyObject[] {
    return this.publicKeys.get(name as ServiceName) ?? [];
  }
}

/** The entry of a JWKS for one service. */
export const publicJwk = (name: ServiceName, key: KeyObject): Record<string, unknown> => ({
  ...key.export({ format: 'jwk' }),
  kid: name,
  alg: 'EdDSA',
  use: 'sig',
});

function privateKeyOf(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // said below, without what the library may have quoted
  }
  throw new Error('STRONGROOM_SERVICE_KEY is no Ed25519 private key in PEM: `strongroom init` makes one.');
}

function publicKeysOf(text: string): Map<ServiceName, KeyObject[]> {
  const found = new Map<ServiceName, KeyObject[]>();
  try {
    const { keys } = JSON.parse(text) as { keys: PublicJwk[] };
    for (const { kty, crv, x, kid } of keys) {
      if (!serviceNames.includes(kid as ServiceName)) continue; // a service of a later release
      if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string') throw new Error('not an Ed25519 key');
      const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
      found.set(kid as ServiceName, [...(found.get(kid as ServiceName) ?? []), key]);
    }
  } catch {
    throw new Error('STRONGROOM_SERVICE_KEYS is no JWKS of Ed25519 public keys: `strongroom init` makes it.');
  }
  return found;
}
