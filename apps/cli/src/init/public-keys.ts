import { createPublicKey } from 'node:crypto';
import { type ServiceName, serviceNames } from '@strongroom/contracts';
import { publicJwk } from '@strongroom/rpc';
import type { SecretsDirectory } from './secrets-directory.js';

interface PublicKeys {
  keys: { kid?: unknown; x?: unknown }[];
}

const FILE = 'service-keys.json';

/**
 * Brings everybody's list of public keys up to date with the private ones. A key whose private half is gone stays until
 * it is dropped: while a key is being replaced, both hold. @returns the files that were written.
 */
export async function distributePublicKeys(directory: SecretsDirectory, dropOld: boolean): Promise<string[]> {
  const own = await Promise.all(serviceNames.map((service) => publicKeyOf(directory, service)));
  const known = await Promise.all(serviceNames.map((service) => listOf(directory, `${service}/${FILE}`)));
  const old = dropOld ? [] : known.flatMap((list) => list?.keys ?? []);
  const keys = [...new Map([...own, ...old].map((key) => [`${String(key.kid)} ${String(key.x)}`, key])).values()];
  const written: string[] = [];
  for (const [i, service] of serviceNames.entries()) {
    const name = `${service}/${FILE}`;
    if (isSame(known[i]?.keys ?? [], keys)) continue;
    await directory.write(name, JSON.stringify({ keys }, null, 2));
    written.push(name);
  }
  return written;
}

async function publicKeyOf(directory: SecretsDirectory, service: ServiceName): Promise<Record<string, unknown>> {
  const name = `${service}/service-key.pem`;
  try {
    return publicJwk(service, createPublicKey((await directory.read(name)) ?? ''));
  } catch {
    throw new Error(`${name} holds no private key in PEM: put the right file back, or remove it to get a new key.`);
  }
}

async function listOf(directory: SecretsDirectory, name: string): Promise<PublicKeys | null> {
  const text = await directory.read(name);
  if (text === null) return null;
  try {
    const list = JSON.parse(text) as PublicKeys;
    if (Array.isArray(list.keys)) return list;
  } catch {
    // said below
  }
  throw new Error(`${name} is no list of keys: put the right file back, or remove it to have it made again.`);
}

const isSame = (some: PublicKeys['keys'], others: PublicKeys['keys']): boolean =>
  some.length === others.length &&
  some.every(({ kid, x }) => others.some((other) => other.kid === kid && other.x === x));
