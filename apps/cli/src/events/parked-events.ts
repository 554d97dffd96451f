import type { Management } from '../management/management.js';

export interface Parked {
  id: string;
  consumer: string;
  topic: string;
  key: string | null;
  event_id: string | null;
  type: string | null;
  sequence: number | null;
  error_class: string;
  tries: number;
  parked_at: string;
}

/** Parked events of one context, over HTTP. */
export class ParkedEvents {
  constructor(
    private readonly management: Management,
    private readonly context: string,
  ) {}

  /** All of them, or those of one key, oldest first. */
  async list(key?: string): Promise<Parked[]> {
    const found: Parked[] = [];
    for (let from: string | undefined = ''; from !== undefined;) {
      const query = new URLSearchParams({ take: '100', ...(from && { from }), ...(key !== undefined && { key }) });
      const page = (await this.management.call('GET', `${this.path}?${query.toString()}`)) as {
        parked: Parked[];
        next?: string;
      };
      found.push(...page.parked);
      from = page.next;
    }
    return found;
  }

  /** That event and all that wait behind it in its key. */
  replay({ id }: Parked): Promise<{ replayed: number; parked: number }> {
    return this.management.call('POST', `${this.path}/${id}/replay`) as Promise<{ replayed: number; parked: number }>;
  }

  async drop({ id }: Parked, reason: string): Promise<void> {
    await this.management.call('DELETE', `${this.path}/${id}?${new URLSearchParams({ reason }).toString()}`);
  }

  private get path(): string {
    return `events/${this.context}/parked`;
  }
}
