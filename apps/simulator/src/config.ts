import { z } from 'zod';

export const configSchema = z.object({
  STRONGROOM_SIMULATOR_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(9090)
    .describe('Port of the provider simulator on loopback; 0 takes any free one.'),
});
