import { z } from 'zod';

/** A key that was erased: what it had sealed must stay unreadable, whatever a backup still holds. */
export const shreddedKey = z.strictObject({
  keyId: z.uuid(),
  tokensetId: z.string().regex(/^[\w-]{1,36}$/),
  shreddedAt: z.iso.datetime(),
  /** The tokenset went with it. False: it was connected anew and has another key. */
  isDeleted: z.boolean(),
});
export type ShreddedKey = z.output<typeof shreddedKey>;
