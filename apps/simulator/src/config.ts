import { z } from 'zod';

const files = z
  .string()
  .default('')
  .transform((value) =>
    value
      .split(',')
      .map((file) => file.trim())
      .filter(Boolean),
  );

export const configSchema = z.object({
  STRONGROOM_SIMULATOR_PORT: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(9090)
    .describe('Port of the provider simulator on loopback; 0 takes any free one.'),
  STRONGROOM_SIMULATOR_OUT: z
    .string()
    .optional()
    .describe(
      'Where the simulator writes the providers file that points a vault at it. Default: a directory of its own among the temporary ones.',
    ),
  STRONGROOM_SIMULATOR_FIXTURES: files.describe(
    'Files of recorded answers, comma-separated, over those that are shipped: providers in them answer in their own words.',
  ),
  STRONGROOM_PROVIDERS_FILE: files.describe(
    'Files of further catalogue entries, comma-separated, as the vault reads them: the simulator plays these too.',
  ),
});
