/** What the ring says of itself; the process's logger fits. `error` is an alarm. */
export interface KeyLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
