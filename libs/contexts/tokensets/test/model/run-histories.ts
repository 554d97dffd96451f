import { isFullRun } from '@strongroom/testing';
import fc from 'fast-check';
import { type Controls, nothingBroken } from './controls.js';
import { histories, settings } from './commands.js';
import type { ModelGround } from './ground.js';
import { World } from './world.js';

const MOST_COMMANDS = 60;

export interface Found {
  histories: number;
  seed: number;
  /** The shortest history that fails, a line each; undefined: none does. */
  failure: { invariant: string; message: string; lines: string; path: string | null } | undefined;
}

/** The short form says the same each time, so that a change is what turns it red. */
const SEED_OF_SHORT_RUNS = 810_003_691;

/** Seed of a run: `STRONGROOM_SAFETY_SEED` repeats one, a full run takes a new one. */
function seedOfRun(): number {
  const given = process.env['STRONGROOM_SAFETY_SEED'];
  if (given !== undefined) return Number(given);
  return isFullRun() ? Math.floor(Math.random() * 2 ** 31) : SEED_OF_SHORT_RUNS;
}

export async function runHistories(
  ground: ModelGround,
  numRuns: number,
  {
    seed = seedOfRun(),
    controls = nothingBroken,
    isShrunk = true,
  }: { seed?: number; controls?: Controls; isShrunk?: boolean } = {},
): Promise<Found> {
  ground.controls = controls;
  const property = fc.asyncProperty(settings, histories(MOST_COMMANDS), async (setting, lines) => {
    const world = await World.begin(ground, setting);
    try {
      await fc.asyncModelRun(() => ({ model: world, real: world }), lines);
    } catch (error) {
      await world.leaveGround();
      throw error;
    }
    await world.end();
  });
  const details = await fc.check(property, { seed, numRuns, endOnFailure: !isShrunk });
  ground.controls = nothingBroken;
  return { histories: details.numRuns, seed, failure: details.failed ? failureOf(details) : undefined };
}

function failureOf({
  errorInstance,
  counterexample,
  counterexamplePath,
}: Pick<
  fc.RunDetails<[unknown, unknown]>,
  'errorInstance' | 'counterexample' | 'counterexamplePath'
>): Found['failure'] {
  const error = errorInstance as Error & { invariant?: string };
  const [setting, lines] = counterexample!;
  return {
    invariant: error.invariant ?? 'other',
    message: error.message + (error.invariant ? '' : `\n${error.stack}`),
    lines: `${JSON.stringify(setting)}\n${String(lines)}`,
    path: counterexamplePath,
  };
}
