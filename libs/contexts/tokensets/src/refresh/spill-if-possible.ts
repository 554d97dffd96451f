import type { Holder } from '../until-durable.js';
import type { RefreshMetrics } from './refresh-metrics.js';
import type { Spill } from './refresh.types.js';
import type { Spilled } from './spill-file.js';

interface Spilling extends Pick<Holder, 'report'> {
  spill: Spill;
  metrics: Pick<RefreshMetrics, 'spillFailed'>;
}

/** Without it a process that dies before the commit loses the grant; with a full disk that is all there is. */
export async function spillIfPossible(world: Spilling, spilled: Spilled): Promise<void> {
  try {
    await world.spill.write(spilled);
  } catch (error) {
    world.metrics.spillFailed();
    world.report(error, 'new tokens not spilled');
  }
}
