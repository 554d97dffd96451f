import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A provider that says of its tokens that they end after a second. They live on: one that really ended could end while
 * a busy machine connects, before the provider was asked whose it is.
 */
export const SHORT = { announcedSeconds: 1 };
/** The same provider, honest again: what a refresh brings is handed out however long that takes. */
export const LONG = { announcedSeconds: null };
export const untilOver = (): Promise<void> => sleep(1_200);

/** With a life of so many seconds a token is due, by `min_ttl` of `DUE`, when `untilDue` is over, and lives on. */
export const LIFE_SECONDS = 331;
export const DUE = { min_ttl: '300' };
export const untilDue = (): Promise<void> => sleep(1_100);
