import type { KeyRing } from '@strongroom/crypto';
import type { Logger } from '@strongroom/observability';
import type { TokensetsSettings } from '../tokensets.options.js';
import { NoSpill } from './no-spill.js';
import type { RefreshMetrics } from './refresh-metrics.js';
import type { Spill } from './refresh.types.js';
import { SpillDirectory } from './spill-directory.js';

/** The spill that the settings speak of. */
export function spillOf(
  { spillDir, node }: TokensetsSettings,
  ring: KeyRing,
  metrics: RefreshMetrics,
  logger: Logger,
): Spill {
  if (spillDir === null) return new NoSpill();
  const reports = {
    unreadable: (error: unknown, file: string) => {
      metrics.spillFailed();
      logger.error({ err: error, file }, 'spill file put aside: it does not open');
    },
    failed: (error: unknown, what: string) => {
      metrics.spillFailed();
      logger.error({ err: error }, what);
    },
  };
  return new SpillDirectory(spillDir, ring, reports, node);
}
