import { generateKeyPairSync } from 'node:crypto';
import type { RegistryApp } from './registry-app.js';

export type NewClient = Record<string, unknown> & { client_id: string; client_secret: string };

/** A client as the Management API answers it. */
export async function newClient(registry: RegistryApp, more: Record<string, unknown> = {}): Promise<NewClient> {
  const { status, body } = await registry.call('POST', '/clients', { name: 'An application', ...more });
  expect([status, body['message']]).toEqual([201, undefined]);
  return body as NewClient;
}

/** A public key that nobody has had before. */
export const pem = (bits = 2048): string =>
  generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
