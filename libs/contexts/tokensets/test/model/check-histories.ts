import { Invariants } from './invariants.js';
import { readHistories } from './observations.js';

/** What a file of recorded histories shows, by the same invariants that judged it while it was recorded. */
export function checkHistories(file: string): { histories: number; violations: string[] } {
  const histories = readHistories(file);
  const violations: string[] = [];
  for (const [i, history] of histories.entries())
    try {
      Invariants.check(history);
    } catch (error) {
      violations.push(`history ${i + 1}: ${(error as Error).message}`);
    }
  return { histories: histories.length, violations };
}
