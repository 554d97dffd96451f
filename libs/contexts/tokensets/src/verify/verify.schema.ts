import { z } from 'zod';

/** `spec/wire-contract.md` §5.6. */
export const verificationAnswer = z.strictObject({
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string(), remedy: z.string().nullable() }),
  ),
});
