const HOUR = 3600;

/** Two hours idle, a day in all (`spec/threats.md` A6). */
export const SESSION_HOURS = 24;
const IDLE_HOURS = 2;

/** Seconds that a session has from now on, if nobody comes back to it. */
export function sessionSecondsLeft(loginTs: number | undefined): number {
  const since = loginTs === undefined ? 0 : Math.floor(Date.now() / 1000) - loginTs;
  return Math.max(1, Math.min(IDLE_HOURS * HOUR, SESSION_HOURS * HOUR - since));
}
