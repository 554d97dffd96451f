/** Instants of the database's clock. */
export interface Lifetime {
  now: Date;
  issuedAt: Date;
  /** Null: it never ends. */
  expiresAt: Date | null;
}

export const secondsLeft = ({ now, expiresAt }: Lifetime): number =>
  expiresAt === null ? Infinity : (expiresAt.getTime() - now.getTime()) / 1000;

/**
 * Whether a token may be handed out without a refresh (`spec/refresh.md` §2). Of one whose whole life is shorter than
 * the reserve half its life is enough: it would be refreshed on every read otherwise.
 */
export function isUsable(life: Lifetime, reserveSeconds: number): boolean {
  if (life.expiresAt === null) return true;
  const whole = (life.expiresAt.getTime() - life.issuedAt.getTime()) / 1000;
  return secondsLeft(life) >= (whole < reserveSeconds ? whole / 2 : reserveSeconds);
}

/** The same in SQL; `reserve` is a parameter in seconds. */
export const usableSql = (reserve: string): string => `(access_sealed IS NOT NULL AND (access_expires_at IS NULL
  OR access_expires_at - clock_timestamp() >= CASE
       WHEN access_expires_at - access_issued_at < make_interval(secs => ${reserve})
       THEN (access_expires_at - access_issued_at) / 2 ELSE make_interval(secs => ${reserve}) END))`;
