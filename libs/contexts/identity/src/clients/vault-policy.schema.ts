import { z } from 'zod';

const MOST_CONNECTIONS = 100;
const MOST_SCOPES = 200;
const MOST_PER_MINUTE = 1_000_000;

const once = <Value extends z.ZodType<string>>(value: Value, most: number) =>
  z
    .array(value)
    .max(most)
    .refine((values) => new Set(values).size === values.length, 'names something twice');

const connection = z
  .string()
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,126}[A-Za-z0-9])?$/, 'must be the name of a connection');
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/, 'must be a scope');

/**
 * `vault_policy` (`spec/wire-contract.md` §5.6): what is left out is not bounded, an empty list lets nothing through. It
 * comes whole. One that has ended may be saved: it must be possible to send it back as it was read.
 */
export const vaultPolicy = z.strictObject({
  connections: once(connection, MOST_CONNECTIONS).optional(),
  scopes: once(scope, MOST_SCOPES).optional(),
  exchanges_per_minute: z
    .int('must be a whole number')
    .min(1, 'must be at least 1; to stop a client, let its policy end')
    .max(MOST_PER_MINUTE, `must not be over ${MOST_PER_MINUTE}`)
    .optional(),
  expires_at: z.iso
    .datetime({ offset: true, error: 'must be an instant with its time zone, as 2027-01-31T12:00:00Z' })
    .optional(),
});
