/** What is left alone for a while although its row does not say so. */
export class Pauses {
  /** Monotonic milliseconds. */
  private readonly until = new Map<string, number>();

  pause(id: string, ms: number): void {
    this.until.set(id, performance.now() + ms);
  }

  /** Those that are not over. */
  current(): string[] {
    for (const [id, until] of this.until) if (until <= performance.now()) this.until.delete(id);
    return [...this.until.keys()];
  }
}
