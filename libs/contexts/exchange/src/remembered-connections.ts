import type { ConnectionDirectory, ConnectionView } from '@strongroom/contracts';

const ENTRIES = 10_000;

/** Connections as they were a moment ago; events make it shorter. */
export class RememberedConnections {
  private readonly answers = new Map<string, { until: number; view: Promise<ConnectionView | null> }>();

  /** @param rememberedMs after this long at the latest a change of settings counts (`spec/threats.md` X9) */
  constructor(
    private readonly directory: ConnectionDirectory,
    private readonly rememberedMs: number,
  ) {}

  byName(name: string, clientId: string): Promise<ConnectionView | null> {
    const key = JSON.stringify([name, clientId]);
    const known = this.answers.get(key);
    const now = performance.now();
    if (known && known.until > now) return known.view;
    const view = this.directory.byName(name, clientId);
    view.catch(() => this.answers.delete(key)); // a failure is not an answer
    if (this.answers.size >= ENTRIES) this.answers.clear();
    this.answers.set(key, { until: now + this.rememberedMs, view });
    return view;
  }

  /** Something about connections or clients has changed. */
  forget(): void {
    this.answers.clear();
  }
}
