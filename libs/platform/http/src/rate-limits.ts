import type { OwnApi } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import type { Counters } from '@strongroom/locking';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { plainAddress } from './sender.js';
import { apiAt } from './surfaces.js';

/** Twice a second's worth may come at once, and no more than that in two seconds. */
const WINDOW = { ms: 2_000, slides: false };

/** What somebody has left of an API's rate. */
export interface Allowance {
  readonly limit: number;
  readonly remaining: number;
  /** Until there is the whole limit again. */
  readonly resetMs: number;
  readonly isSpent: boolean;
}

/** More requests than the API takes from one caller. */
export class TooManyRequestsError extends VaultError {
  constructor({ limit, resetMs }: Allowance) {
    super(`Too many requests: at most ${limit} in ${WINDOW.ms / 1000} s. Wait as long as Retry-After says.`, {
      code: 'too_many_requests',
      status: 429,
      retryAfter: resetMs / 1000,
    });
  }
}

/** How often one caller may call our own APIs: a client, or whoever of its people calls. */
export class RateLimits {
  constructor(
    private readonly counters: Counters,
    private readonly perSecond: Readonly<Record<OwnApi, number>>,
  ) {}

  /** One more request; `who` is a client, a person or an address, and spends of nobody else's. */
  async spend(api: OwnApi, who: string): Promise<Allowance> {
    const limit = this.perSecond[api] * (WINDOW.ms / 1000);
    const { count, agoMs } = await this.counters.add(`rate ${api} ${who}`, WINDOW);
    const resetMs = Math.max(0, WINDOW.ms - agoMs);
    return { limit, remaining: Math.max(0, limit - count), resetMs, isSpent: count > limit };
  }
}

type Limited = FastifyRequest & { rateLimits?: RateLimits | null };

/**
 * Gives every request the limits, and every answer of our own APIs its headers. What no guard counted (no such route,
 * an address that cannot be read) is counted for the address it came from, and answered all the same.
 */
export function serveRateLimits(fastify: FastifyInstance, limits: RateLimits): void {
  fastify.decorateRequest('rateLimits', null);
  fastify.addHook('onRequest', (request: Limited, _reply, done) => {
    request.rateLimits = limits;
    done();
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const api = apiAt(request.url);
    if (api === null || reply.hasHeader('x-ratelimit-limit')) return done(null, payload);
    limits.spend(api, atAddress(request)).then(
      (left) => {
        showAllowance(reply, left);
        done(null, payload);
      },
      (error: Error) => done(error),
    );
  });
}

/** Counts for a caller whose token was good. @throws TooManyRequestsError */
export async function spend(request: FastifyRequest, reply: FastifyReply, api: OwnApi, who: string): Promise<void> {
  const left = await (request as Limited).rateLimits?.spend(api, who);
  if (!left) return;
  showAllowance(reply, left);
  if (left.isSpent) throw new TooManyRequestsError(left);
}

/** Whoever proves nothing spends of their own address only. */
export const atAddress = ({ ip }: FastifyRequest): string => `address ${plainAddress(ip)}`;

export function showAllowance(reply: FastifyReply, { limit, remaining, resetMs }: Allowance): void {
  void reply.headers({
    'x-ratelimit-limit': limit,
    'x-ratelimit-remaining': remaining,
    'x-ratelimit-reset': Math.ceil((Date.now() + resetMs) / 1000),
  });
}
