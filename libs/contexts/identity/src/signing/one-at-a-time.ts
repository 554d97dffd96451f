/**
 * Runs one at a time, and at most one more that waits for it, however many ask. Whoever asks gets the answer of a run
 * that began after the asking.
 */
export class OneAtATime<Answer> {
  private running: Promise<Answer> | undefined;
  private waiting: Promise<Answer> | undefined;

  constructor(private readonly run: () => Promise<Answer>) {}

  ask(): Promise<Answer> {
    if (!this.running) return this.start();
    return (this.waiting ??= this.running.then(
      () => this.startWaiting(),
      () => this.startWaiting(),
    ));
  }

  private startWaiting(): Promise<Answer> {
    this.waiting = undefined;
    return this.start();
  }

  private start(): Promise<Answer> {
    const running = this.run().finally(() => {
      if (this.running === running) this.running = undefined;
    });
    return (this.running = running);
  }
}
