import { Injectable } from '@nestjs/common';
import { ConnectionDirectory, type ConnectionView } from '@strongroom/contracts';

/** A change of settings counts after this long at the latest (`spec/threats.md` X9). */
const REMEMBERED_MS = 2000;
const ENTRIES = 10_000;

/** Connections for at most two seconds; events make it shorter. */
@Injectable()
export class RememberedConnections {
  private readonly answers = new Map<string, { until: number; view: Promise<ConnectionView | null> }>();

  constructor(private readonly directory: ConnectionDirectory) {}

  byName(name: string, clientId: string): Promise<ConnectionView | null> {
    const key = JSON.stringify([name, clientId]);
    const known = this.answers.get(key);
    const now = performance.now();
    if (known && known.until > now) return known.view;
    const view = this.directory.byName(name, clientId);
    view.catch(() => this.answers.delete(key)); // a failure is not an answer
    if (this.answers.size >= ENTRIES) this.answers.clear();
    this.answers.set(key, { until: now + REMEMBERED_MS, view });
    return view;
  }

  /** Something about connections or clients has changed. */
  forget(): void {
    this.answers.clear();
  }
}
