import type { KeyLog } from './key-log.js';

export type OpenFailure =
  /** The record does not belong to the key it names, or not to this place. */
  | 'unreadable'
  | 'unknown_key'
  | 'retired_key'
  /** The ring has not caught up yet. */
  | 'behind'
  | 'unavailable'
  | 'denied';

/** Since the ring was loaded, in this process. Kinds are those of `spec/encryption.md` §4: `tokenset`, `tokenset-key` … */
export interface KeyCounters {
  readonly seals: ReadonlyMap<string, number>;
  readonly opens: ReadonlyMap<string, number>;
  readonly failures: ReadonlyMap<OpenFailure, number>;
  /** Of tokenset keys that were asked for, how many were in memory. */
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Seals under one key; of tokenset keys the 10,000 that sealed last are remembered. */
  sealsUnder(keyId: string): number;
}

/** NIST SP 800-38D allows 2^32 with random nonces. */
const SEALS_ALARM = 2 ** 28;
const MOST_KEYS = 10_000;

export class KeyUsage implements KeyCounters {
  readonly seals = new Map<string, number>();
  readonly opens = new Map<string, number>();
  readonly failures = new Map<OpenFailure, number>();
  cacheHits = 0;
  cacheMisses = 0;
  /** The one that sealed longest ago first. A key that gets anywhere near the limit is never among those let go. */
  private readonly byKey = new Map<string, number>();
  private readonly alarmed = new Set<string>();

  constructor(
    private readonly logger?: KeyLog,
    private readonly alarmAt = SEALS_ALARM,
  ) {}

  sealed(keyId: string, aad: Buffer): void {
    count(this.seals, kindOf(aad));
    const seals = this.sealsUnder(keyId) + 1;
    this.byKey.delete(keyId);
    this.byKey.set(keyId, seals);
    if (this.byKey.size > MOST_KEYS) this.byKey.delete(this.byKey.keys().next().value!);
    this.watch(keyId, seals);
  }

  opened(aad: Buffer): void {
    count(this.opens, kindOf(aad));
  }

  failed(cause: OpenFailure): void {
    count(this.failures, cause);
  }

  sealsUnder(keyId: string): number {
    return this.byKey.get(keyId) ?? 0;
  }

  /** Once per key: it has to be replaced long before its nonces may repeat. */
  watch(keyId: string, seals: number): void {
    if (seals < this.alarmAt || this.alarmed.has(keyId)) return;
    this.alarmed.add(keyId);
    this.logger?.error({ keyId, seals }, 'a key has sealed so often that it has to be rotated now');
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The kind is the second part of every AAD. Behind the version and its length, and its own length. */
function kindOf(aad: Buffer): string {
  if (aad.length < KIND) return 'other';
  return aad.toString('utf8', KIND, Math.min(aad.length, KIND + aad.readUInt32BE(KIND - 4)));
}

const KIND = 4 + 'strongroom/aad/1'.length + 4;
