import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 500;

/** Tries again while what went wrong may pass by itself and the deadline, by `performance.now()`, is not over. */
export async function patiently<T>(
  work: () => Promise<T>,
  { deadline, isPassing }: { deadline: number; isPassing: (error: unknown) => boolean },
): Promise<T> {
  for (;;)
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || performance.now() + PAUSE_MS > deadline) throw error;
      await sleep(PAUSE_MS);
    }
}
