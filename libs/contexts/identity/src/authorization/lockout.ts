import { Injectable } from '@nestjs/common';

const FREE_FAILURES = 9;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 15 * 60_000;
const WINDOW_MS = 10 * 60_000;
const PER_ADDRESS = 100;
const REMEMBERED = 50_000;

interface Failures {
  count: number;
  since: number;
  waitUntil: number;
}

/**
 * Slows guessing down (`spec/threats.md` A5). Counted per account and address, so that an attacker locks out
 * nobody but their own address; and per address, so that trying many accounts helps nobody.
 */
@Injectable()
export class Lockout {
  private readonly pairs = new Map<string, Failures>();
  private readonly addresses = new Map<string, Failures>();

  constructor(private readonly now: () => number = Date.now) {}

  /** Seconds to wait before this may be tried; 0: now. */
  wait(account: string, address: string): number {
    const pair = this.pairs.get(key(account, address));
    const many = this.recent(this.addresses.get(address));
    const until = Math.max(pair?.waitUntil ?? 0, many && many.count >= PER_ADDRESS ? many.since + WINDOW_MS : 0);
    return Math.max(0, Math.ceil((until - this.now()) / 1000));
  }

  failed(account: string, address: string): void {
    const pair = this.pairs.get(key(account, address)) ?? this.fresh();
    pair.count += 1;
    const doublings = pair.count - FREE_FAILURES - 1;
    if (doublings >= 0) pair.waitUntil = this.now() + Math.min(FIRST_WAIT_MS * 2 ** doublings, LONGEST_WAIT_MS);
    remember(this.pairs, key(account, address), pair);
    const many = this.recent(this.addresses.get(address)) ?? this.fresh();
    many.count += 1;
    remember(this.addresses, address, many);
  }

  succeeded(account: string, address: string): void {
    this.pairs.delete(key(account, address));
  }

  private fresh(): Failures {
    return { count: 0, since: this.now(), waitUntil: 0 };
  }

  private recent(failures: Failures | undefined): Failures | undefined {
    return failures && failures.since + WINDOW_MS > this.now() ? failures : undefined;
  }
}

const key = (account: string, address: string): string => `${account.trim().toLowerCase()}\n${address}`;

function remember(map: Map<string, Failures>, name: string, failures: Failures): void {
  map.delete(name);
  if (map.size >= REMEMBERED) map.delete(map.keys().next().value!);
  map.set(name, failures);
}
