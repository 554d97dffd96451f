import { configSchemas } from '@strongroom/service';
import type { z } from 'zod';

/** Every setting of the service. `docs/configuration.md` is generated from this. */
export const configSchema = configSchemas.audit;

export type Config = Readonly<z.output<typeof configSchema>>;
