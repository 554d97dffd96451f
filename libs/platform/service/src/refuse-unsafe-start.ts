import { openFiles, refuseInspection, refuseSettings } from '@strongroom/config';
import type { z } from 'zod';

/**
 * Before anything is read or opened. Only `tokensets` and `identity` have a place for master keys.
 *
 * @throws StartRefusedError
 */
export function refuseUnsafeStart(schema: z.ZodObject): void {
  refuseInspection();
  if (!('STRONGROOM_MASTER_KEYS' in schema.shape))
    refuseSettings(['STRONGROOM_MASTER_KEYS'], 'this service opens nothing that is sealed; take it away here');
  for (const name of openFiles(schema))
    console.warn(`${name}: everybody on this machine can read that file; chmod 600 it, and change what it holds`);
}
