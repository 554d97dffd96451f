/** A process that holds the only copy of something. */
export interface Holder {
  /** False once the process has given up waiting for its store. */
  alive(): boolean;
  sleep(ms: number): Promise<void>;
  /** Told of what went wrong and is being tried again. */
  report(error: unknown, what: string): void;
}

/** The only copy is here: the write is tried for as long as the process lives. Repeating it must be harmless. */
export async function untilDurable<T>(holder: Holder, what: string, write: () => Promise<T>): Promise<T> {
  for (let wait = 50; ; wait = Math.min(wait * 2, 2_000)) {
    try {
      return await write();
    } catch (error) {
      if (!holder.alive()) throw error;
      holder.report(error, what);
      await holder.sleep(wait);
    }
  }
}
