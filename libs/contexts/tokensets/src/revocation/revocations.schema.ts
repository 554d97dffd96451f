import { z } from 'zod';

export const revocationAnswer = z.strictObject({
  tokenset_id: z.string(),
  account_id: z.string(),
  connection: z.string(),
  connection_id: z.string(),
  outcome: z.enum(['pending', 'revoked', 'already_gone', 'unsupported', 'failed']),
  effect: z.string().nullable(),
  attempts: z.int(),
  code: z.string().nullable(),
  next_attempt_at: z.iso.datetime().nullable(),
  deleted_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  manage_url: z.url().optional(),
});
