/** A process that holds the only copy of something. */
export interface Holder {
  /** False once the process has given up waiting for its store. */
  alive(): boolean;
  /** Ends sooner once `until` is aborted, if it can. */
  sleep(ms: number, until?: AbortSignal): Promise<void>;
  /** Told of what went wrong and is being tried again. */
  report(error: unknown, what: string): void;
  /** Told of what the store did not take at once, and when that is over: nobody should send such a process more work. */
  unstored?(more: 1 | -1): void;
}

/** The only copy is here: the write is tried for as long as the process lives. Repeating it must be harmless. */
export async function untilDurable<T>(holder: Holder, what: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    holder.report(error, what);
    holder.unstored?.(1);
    try {
      return await again(holder, what, write, error);
    } finally {
      holder.unstored?.(-1);
    }
  }
}

async function again<T>(holder: Holder, what: string, write: () => Promise<T>, first: unknown): Promise<T> {
  for (let wait = 50, last = first; ; wait = Math.min(wait * 2, 2_000)) {
    if (!holder.alive()) throw last;
    await holder.sleep(wait);
    try {
      return await write();
    } catch (error) {
      holder.report(error, what);
      last = error;
    }
  }
}
