import { KeyServiceDenied, KeyServiceUnavailable, WrappedKeyCorrupt } from './crypto.errors.js';
import type { InstallationKeyRow, InstallationKeys } from './installation-keys.js';
import type { KeyUsage } from './key-counters.js';
import type { KeyLog } from './key-log.js';
import type { SealingKey } from './sealing-key.js';
import { UnreadableRecord } from './unreadable-record.error.js';

type StoredKey = InstallationKeyRow & { wrapped: Buffer; check_record: Buffer };

interface Held {
  key: SealingKey;
  until: number;
  renewAt: number;
}

const MOST_REMOTE_KEYS = 16;

/**
 * The unwrapped installation keys of this process. Those of a remote provider are asked for again at half their time
 * and leave memory at its end: a provider that is away or says no is obeyed within that time.
 */
export class HeldKeys {
  private readonly held = new Map<string, Held>();
  private readonly wanted = new Map<string, StoredKey>();
  /** Why the last round could not unwrap everything. */
  private trouble: 'unavailable' | 'denied' | undefined;
  private readonly corrupt = new Set<string>();

  constructor(
    private readonly keys: InstallationKeys,
    private readonly usage: KeyUsage,
    private readonly cacheMs: number,
    private readonly now: () => number,
    private readonly logger: KeyLog | undefined,
  ) {}

  get isInTrouble(): boolean {
    return this.trouble !== undefined;
  }

  /** These and no others from now on. */
  want(rows: readonly InstallationKeyRow[]): void {
    const stored = rows.filter((row): row is StoredKey => row.wrapped !== null && row.check_record !== null);
    const most = this.keys.masterKeys.isRemote ? stored.slice(-MOST_REMOTE_KEYS) : stored;
    this.wanted.clear();
    for (const row of most) this.wanted.set(row.id, row);
    for (const id of this.held.keys()) if (!this.wanted.has(id)) this.held.delete(id);
    for (const id of this.corrupt) if (!this.wanted.has(id)) this.corrupt.delete(id);
  }

  /** Unwraps what is missing or due. A service that does not answer is no error here; `get` says so when it matters. */
  async unwrapDue(installationId: string): Promise<void> {
    this.dropExpired();
    const due = [...this.wanted.values()].filter(({ id }) => (this.held.get(id)?.renewAt ?? -Infinity) <= this.now());
    let trouble: typeof this.trouble;
    for (const row of due) {
      try {
        await this.unwrap(installationId, row);
      } catch (error) {
        trouble = this.troubleOf(error);
        break; // the next would wait for the same
      }
    }
    if (this.trouble && !trouble) this.logger?.info({}, 'the key service answers again');
    this.trouble = trouble;
  }

  private async unwrap(installationId: string, row: StoredKey): Promise<void> {
    const asked = this.now(); // the time counts from the question: the answer may have been on its way for long
    try {
      const key = await this.keys.unwrap(installationId, row, this.usage);
      const cacheMs = this.keys.masterKeys.isRemote ? this.cacheMs : Infinity;
      this.held.set(row.id, { key, until: asked + cacheMs, renewAt: asked + cacheMs / 2 });
      this.corrupt.delete(row.id);
    } catch (error) {
      if (!(error instanceof WrappedKeyCorrupt || error instanceof UnreadableRecord)) throw error;
      if (!this.corrupt.has(row.id))
        this.logger?.error({ keyId: row.id }, 'no master key of this process opens an installation key');
      this.corrupt.add(row.id);
    }
  }

  /** The first key of all could not be made. */
  couldNotWrap(error: unknown): void {
    this.trouble = this.troubleOf(error);
  }

  private troubleOf(error: unknown): 'unavailable' | 'denied' {
    if (!(error instanceof KeyServiceUnavailable || error instanceof KeyServiceDenied)) throw error;
    const trouble = error instanceof KeyServiceDenied ? 'denied' : 'unavailable';
    this.usage.failed(trouble);
    if (trouble !== this.trouble) this.tell(trouble, error);
    return trouble;
  }

  private tell(trouble: 'unavailable' | 'denied', error: Error): void {
    if (trouble === 'denied') this.logger?.error({ err: error }, 'the key service refuses to unwrap our keys');
    else this.logger?.warn({ err: error }, 'the key service does not answer');
  }

  /** Wanted, and no master key here opens it. */
  isCorrupt(id: string): boolean {
    return this.corrupt.has(id);
  }

  has(id: string): boolean {
    return (this.held.get(id)?.until ?? -Infinity) > this.now();
  }

  /** @throws KeyServiceUnavailable, KeyServiceDenied */
  get(id: string): SealingKey {
    const held = this.held.get(id);
    if (held && held.until > this.now()) return held.key;
    throw this.unavailable();
  }

  until(id: string): number {
    return this.held.get(id)?.until ?? -Infinity;
  }

  unavailable(): KeyServiceUnavailable | KeyServiceDenied {
    this.usage.failed(this.trouble ?? 'unavailable');
    return this.trouble === 'denied' ? new KeyServiceDenied() : new KeyServiceUnavailable();
  }

  dropExpired(): void {
    for (const [id, { until }] of this.held) if (until <= this.now()) this.held.delete(id);
  }

  clear(): void {
    this.held.clear();
    this.wanted.clear();
  }
}
