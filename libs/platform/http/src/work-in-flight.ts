import { VaultError } from '@strongroom/errors';
import type { Logger } from '@strongroom/observability';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** What tells whether the process is well must be told when it is busiest. */
const ALWAYS = new Set(['/livez', '/readyz']);
const SAID_EVERY_MS = 10_000;

/** The process has as much in hand as it may; it takes more as soon as something is answered. */
export class TooBusyError extends VaultError {
  constructor() {
    super('Too much is being worked on at the moment. Try again after Retry-After.', {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 1,
    });
  }
}

type Counted = FastifyRequest & { isInFlight?: boolean };

/**
 * Bounds what one process works on at the same time. A request beyond it is refused at once and never waits, so calls
 * that go round between services cannot block each other. Counted where a request comes in from outside; calls between
 * services belong to a request that was let in already, and are not counted again.
 *
 * A place is free when the work for it has ended, and no sooner if its client leaves; whether the answer is ever read is
 * nobody's work. Sockets are not asked: one that closes says nothing of what is still done for it, nor of requests that
 * wait behind another one's answer.
 */
export function limitWorkInFlight(fastify: FastifyInstance, { most, logger }: { most: number; logger: Logger }): void {
  let inFlight = 0;
  let saidAt = -Infinity;
  const release = (request: Counted) => {
    if (!request.isInFlight) return;
    request.isInFlight = false;
    inFlight--;
  };
  fastify.decorateRequest('isInFlight', false);
  fastify.addHook('onRequest', (request: Counted, _reply, done) => {
    if (ALWAYS.has(request.url)) return done();
    if (inFlight >= most) {
      if (performance.now() - saidAt > SAID_EVERY_MS) {
        saidAt = performance.now();
        logger.warn({ most }, 'as much work in flight as is allowed: requests are refused');
      }
      return done(new TooBusyError());
    }
    inFlight++;
    request.isInFlight = true;
    done();
  });
  fastify.addHook('onSend', (request: Counted, _reply, payload, done) => {
    release(request);
    done(null, payload);
  });
  // Who answers by the socket itself sends nothing through hooks; their work ends with their handler.
  fastify.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const result: unknown = handler.call(this, request, reply);
      if (result instanceof Promise) void result.catch(() => undefined).then(() => reply.sent && release(request));
      return result;
    };
  });
}
