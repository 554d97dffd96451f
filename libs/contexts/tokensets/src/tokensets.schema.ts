import { z } from 'zod';

/** `spec/wire-contract.md` §3.2; `extras` is what the provider said beside the token and its entry names. */
export const tokensetAnswer = z.strictObject({
  id: z.string().max(36),
  connection: z.string(),
  scope: z.string(),
  issued_at: z.iso.datetime(),
  expires_at: z.iso.datetime().nullable(),
  last_used_at: z.iso.datetime().nullable(),
  status: z.string(),
  reason: z.string().nullable(),
  next_attempt_at: z.iso.datetime().nullable(),
  extras: z.record(z.string(), z.unknown()).optional(),
});
