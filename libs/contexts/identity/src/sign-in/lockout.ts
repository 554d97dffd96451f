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
 */
@Injectable()
export class Lockout {
  constructor(private readonly counters: Counters) {}

  /** Seconds to wait before this may be tried; 0: now. */
  async wait(account: string, address: string): Promise<number> {
    const [pair, many] = await Promise.all([
      this.counters.read(pairKey(account, address), OF_PAIR),
      this.counters.read(addressKey(address), OF_ADDRESS),
    ]);
    const ofPair = waitAfter(pair.count) - pair.agoMs;
    const ofAddress = many.count >= PER_ADDRESS ? OF_ADDRESS.ms - many.agoMs : 0;
    return Math.max(0, Math.ceil(Math.max(ofPair, ofAddress) / 1000));
  }

  async failed(account: string, address: string): Promise<void> {
    await Promise.all([
      this.counters.add(pairKey(account, address), OF_PAIR),
      this.counters.add(addressKey(address), OF_ADDRESS),
    ]);
  }

  succeeded(account: string, address: string): Promise<void> {
    return this.counters.clear(pairKey(account, address));
  }
}

function waitAfter(failures: number): number {
  const doublings = failures - FREE_FAILURES - 1;
  return doublings < 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** doublings, LONGEST_WAIT_MS);
}

const pairKey = (account: string, address: string) => `login:${account.trim().toLowerCase()}\n${address}`;
const addressKey = (address: string) => `login-address:${address}`;
