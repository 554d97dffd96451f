/** How many groups may be worked on at once, and how many a group holds at most. */
interface Most {
  inFlight: number;
  inGroup: number;
}

/**
 * Hands on what comes in groups: whatever arrives while as many groups are worked on as may be is the next one. No
 * timer, and a group is closed when its work begins.
 */
export class GroupsByArrival<One> {
  private waiting: One[] = [];
  private inFlight = 0;
  private isDue = false;

  /** @param work never rejects: whoever waits for one of a group is told by it */
  constructor(
    private readonly most: Most,
    private readonly work: (group: One[]) => Promise<void>,
  ) {}

  add(one: One): void {
    this.waiting.push(one);
    this.soon();
  }

  /** Behind what has arrived on other connections in the same turn of the event loop. */
  private soon(): void {
    if (this.isDue || this.inFlight >= this.most.inFlight || this.waiting.length === 0) return;
    this.isDue = true;
    setImmediate(() => {
      this.isDue = false;
      this.inFlight++;
      void this.work(this.waiting.splice(0, this.most.inGroup)).finally(() => {
        this.inFlight--;
        this.soon();
      });
      this.soon();
    });
  }
}

/** SQLSTATE class 22: a value was refused, and with it the whole statement; nothing was written. */
export const isOfItsData = (error: unknown): boolean =>
  /^22...$/.test(String((error as { code?: unknown } | null)?.code));
