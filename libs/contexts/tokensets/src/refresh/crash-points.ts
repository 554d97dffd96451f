/**
 * The moments of a refresh at which a process may die with different things lost (`spec/refresh.md` §7): P0 before the
 * lease, P1 journal committed and nothing sent, P2 request sent, P3 answer received and nothing durable, P3b spill
 * synced, P4 inside the commit, P5 committed and not answered.
 */
export const crashPoints = ['P0', 'P1', 'P2', 'P3', 'P3b', 'P4', 'P5'] as const;
export type CrashPoint = (typeof crashPoints)[number];

/** Told at each of them. In a release nobody listens: what a test does there is its own and comes by injection. */
export class CrashPoints {
  at(_point: CrashPoint, _tokensetId: string): Promise<void> | void {}
}
