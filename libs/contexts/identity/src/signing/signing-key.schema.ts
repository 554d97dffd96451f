import { z } from 'zod';

export const shownKey = z.strictObject({
  kid: z.string(),
  cert: z.string(),
  fingerprint: z.string(),
  thumbprint: z.string(),
  current: z.boolean(),
  next: z.boolean(),
  previous: z.boolean(),
  current_since: z.iso.datetime().optional(),
  current_until: z.iso.datetime().optional(),
  revoked: z.boolean(),
  revoked_at: z.iso.datetime().optional(),
});
export type ShownKey = z.output<typeof shownKey>;

export const keyAndCertificate = z.strictObject({ kid: z.string(), cert: z.string() });
