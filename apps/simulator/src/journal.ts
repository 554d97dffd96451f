import type { Request } from './http.js';
import { redacted, redactedText } from './secrets.js';
import type { CallPhase } from './settings.js';

/** A request as it came, secrets included. For code that runs in this process only. */
export interface Received {
  phase: CallPhase | null;
  method: string;
  /** At the real provider. */
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface JournalEntry {
  at: string;
  phase: CallPhase | null;
  method: string;
  path: string;
  url: string;
  sent: Record<string, string>;
  /** Null while there is no answer yet, or none came. */
  status: number | null;
}

const KEPT = 10_000;

/** What a provider was sent, in order. What can be printed holds no secret. */
export class Journal {
  readonly entries: JournalEntry[] = [];
  readonly received: Received[] = [];

  constructor(private readonly now: () => number) {}

  /** `secrets`: values of the address that are secret there, a token in a path. */
  add(
    request: Request,
    {
      phase,
      url,
      sent,
      secrets = [],
    }: { phase: CallPhase | null; url: string; sent: Iterable<[string, string]>; secrets?: string[] },
  ): JournalEntry {
    const printed = (text: string) => redactedText(text, secrets);
    const entry: JournalEntry = {
      at: new Date(this.now()).toISOString(),
      phase,
      method: request.method,
      path: printed(request.path),
      url: printed(url.split('?')[0]!),
      sent: redacted(sent, secrets),
      status: null,
    };
    this.entries.push(entry);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
    );
    this.received.push({ phase, method: request.method, url, headers, body: request.body });
    for (const list of [this.entries, this.received]) if (list.length > KEPT) list.shift();
    return entry;
  }
}
