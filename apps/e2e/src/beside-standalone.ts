import { isDistributed } from './driver/index.js';

/** Six services have no such switch: there the simulator is a process of its own, and `providers.flow-spec.ts` uses it. */
export const besideStandalone = (name: string, suite: () => void) =>
  isDistributed() ? it.skip(`${name}: only the standalone server starts one`, () => undefined) : describe(name, suite);
