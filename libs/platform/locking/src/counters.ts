export interface Window {
  readonly ms: number;
  /** Whether each addition begins the window anew; else the first one does. */
  readonly slides: boolean;
}

export interface Count {
  /** 0: nothing within the window. */
  readonly count: number;
  /** How long ago the window began. */
  readonly agoMs: number;
}

/**
 * Counts what is limited, for all processes together. A key may name a person: outside the process there is only its
 * hash. What was counted may be forgotten at any time, so a limit slows somebody down and protects nothing by itself.
 */
export abstract class Counters {
  /** One more. Of additions at the same time each gets a count of its own. */
  abstract add(key: string, window: Window): Promise<Count>;

  /** @param window the one that the key is counted in. */
  abstract read(key: string, window: Window): Promise<Count>;

  /** One fewer, where something is counted; when the window began stays as it is. */
  abstract takeBack(key: string): Promise<void>;

  abstract clear(key: string): Promise<void>;
}
