const HOUR = 3600;

/** Two hours idle, a day in all (`spec/threats.md` A6). */
export const SESSION_HOURS = 24;
const IDLE_HOURS = 2;

/** Seconds that a session has from now on, if nobody comes back to it; none or fewer when its day is over. */
export function sessionSeconds(loginTs: number | undefined): number {
  const since = loginTs === undefined ? 0 : Math.floor(Date.now() / 1000) - loginTs;
  return Math.min(IDLE_HOURS * HOUR, SESSION_HOURS * HOUR - since);
}

/** For the library, which takes no less than one: each visit would add another, so the adapter has the last word. */
export const sessionSecondsLeft = (loginTs: number | undefined): number => Math.max(1, sessionSeconds(loginTs));
