import { Injectable } from '@nestjs/common';
import type { Allowance } from '@strongroom/http';
import { Counters } from '@strongroom/locking';
import { ExchangeRateError } from './exchange.errors.js';

/** It begins with a client's first exchange, as the windows of our other limits do. */
const MINUTE = { ms: 60_000, slides: false };

/** `exchanges_per_minute` of a client's policy, for all processes together. Clients without one are not counted. */
@Injectable()
export class ExchangeRate {
  constructor(private readonly counters: Counters) {}

  /** One more exchange of the client, whatever becomes of it. */
  async spend(clientId: string, limit: number): Promise<Allowance> {
    const { count, agoMs } = await this.counters.add(`exchanges of client ${clientId}`, MINUTE);
    const resetMs = Math.max(0, MINUTE.ms - agoMs);
    return { limit, remaining: Math.max(0, limit - count), resetMs, isSpent: count > limit };
  }
}

/** @throws ExchangeRateError 429 when nothing is left */
export function demandLeft({ isSpent, limit, resetMs }: Allowance): void {
  if (isSpent) throw new ExchangeRateError(limit, resetMs / 1000);
}
