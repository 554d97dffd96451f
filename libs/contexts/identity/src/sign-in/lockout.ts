import { isIPv6 } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Counters } from '@strongroom/locking';

const FREE_FAILURES = 9;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 15 * 60_000;
const PER_ADDRESS = 100;
/** A day after the last failure the account begins anew: slower than one guess after each longest wait. */
const OF_PAIR = { ms: 24 * 60 * 60_000, slides: true };
const OF_ADDRESS = { ms: 10 * 60_000, slides: false };

/**
 * Slows guessing down (`spec/threats.md` A5). Counted per account and address, so that an attacker locks out
 * nobody but their own address; and per address, so that trying many accounts helps nobody.
 *
 * A guess counts as a failure from before its password is looked at, so that many at once are not all tried on the
 * count of none; `succeeded` gives it back.
 */
@Injectable()
export class Lockout {
  constructor(private readonly counters: Counters) {}

  /** Seconds to wait before this may be tried; 0: it may be now, and is counted. */
  async attempt(account: string, address: string): Promise<number> {
    const [pairKey, addressKey] = keys(account, address);
    const [ofPair, ofAddress] = await Promise.all([
      this.counters.read(pairKey, OF_PAIR),
      this.counters.read(addressKey, OF_ADDRESS),
    ]);
    const waitMs = Math.max(
      waitAfter(ofPair.count) - ofPair.agoMs,
      ofAddress.count >= PER_ADDRESS ? OF_ADDRESS.ms - ofAddress.agoMs : 0,
    );
    if (waitMs > 0) return Math.ceil(waitMs / 1000);

    const [mine, many] = await Promise.all([
      this.counters.add(pairKey, OF_PAIR),
      this.counters.add(addressKey, OF_ADDRESS),
    ]);
    // Past the free ones each guess waits for the one before it, also for one that is being looked at now.
    const isNext = mine.count <= FREE_FAILURES + 1 || mine.count === ofPair.count + 1;
    if (isNext && many.count <= PER_ADDRESS) return 0;
    await Promise.all([this.counters.takeBack(pairKey), this.counters.takeBack(addressKey)]);
    return Math.ceil((isNext ? OF_ADDRESS.ms - many.agoMs : waitAfter(mine.count - 1)) / 1000);
  }

  async succeeded(account: string, address: string): Promise<void> {
    const [pairKey, addressKey] = keys(account, address);
    await Promise.all([this.counters.clear(pairKey), this.counters.takeBack(addressKey)]);
  }
}

function waitAfter(failures: number): number {
  const doublings = failures - FREE_FAILURES - 1;
  return doublings < 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** doublings, LONGEST_WAIT_MS);
}

function keys(account: string, address: string): [string, string] {
  const from = networkOf(address);
  return [`login:${account.trim().toLowerCase()}\n${from}`, `login-address:${from}`];
}

/** Whoever has one IPv6 address has the 2^64 beside it: they count as one. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address.replace(/^::ffff:/i, '');
  const [head, tail] = address.split('%')[0]!.split('::') as [string, string?];
  const groups = (text = '') => text.split(':').filter(Boolean);
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => '0'), ...groups(tail)];
  return `${all
    .slice(0, 4)
    .map((group) => parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
