import { isIP } from 'node:net';
import { z } from 'zod';
import { credential } from './client-credentials.schema.js';

const MOST_CREDENTIALS = 10;
const MOST_ADDRESSES = 10;
const MOST_CONNECTIONS = 5;
const MOST_SCOPES = 20;

const key = credential.refine((sent) => sent.credential_type === 'public_key' && sent.alg === 'RS256', {
  error: 'must be a public key for RS256',
});

const address = z.string().max(50).refine(isAddressOrRange, 'must be an IPv4 or IPv6 address, or a CIDR range of them');

const grant = z.strictObject({
  connection: z.string().min(1).max(128),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/, 'must be a scope'))
    .refine((scopes) => new Set(scopes).size === scopes.length, 'names a scope twice'),
});

/** `token_vault_privileged_access` (`spec/wire-contract.md` §1.6). Each list may be empty: then nothing is handed out. */
export const privilegedAccess = z.strictObject({
  credentials: z
    .array(z.union([z.strictObject({ id: z.string().max(64) }), key]))
    .max(MOST_CREDENTIALS)
    .default([]),
  ip_allowlist: z.array(address).max(MOST_ADDRESSES).default([]),
  grants: z
    .array(grant)
    .max(MOST_CONNECTIONS)
    .refine((grants) => grants.flatMap(({ scopes }) => scopes).length <= MOST_SCOPES, {
      error: `must not name more than ${MOST_SCOPES} scopes in all`,
    })
    .refine((grants) => new Set(grants.map(({ connection }) => connection)).size === grants.length, {
      error: 'names a connection twice',
    })
    .default([]),
});
export type SentPrivilegedAccess = z.output<typeof privilegedAccess>;

/** An interface name (`%eth0`) means something on one machine only. */
function isAddressOrRange(value: string): boolean {
  const [address, bits, more] = value.split('/');
  const version = isIP(address!);
  if (version === 0 || value.includes('%') || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
