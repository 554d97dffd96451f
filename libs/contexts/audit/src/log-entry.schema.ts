import { z } from 'zod';

/** `spec/wire-contract.md` §3.7. What `details` holds goes by `type`. */
export const logAnswer = z.strictObject({
  log_id: z.string(),
  date: z.iso.datetime(),
  type: z.string(),
  description: z.string(),
  client_id: z.string().nullable(),
  client_name: z.string().nullable(),
  connection: z.string().nullable(),
  user_id: z.string().nullable(),
  ip: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
});
