import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again until the answer is as wanted: for what follows an event. Returns the last answer either way. The time is
 * for the slowest of machines: nobody waits for the end of it unless something is wrong.
 */
export async function eventually<T>(
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
  withinMs = 120_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer) || performance.now() > end) return answer;
    await sleep(50);
  }
}
