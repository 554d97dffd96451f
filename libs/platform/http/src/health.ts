import type { NestFastifyApplication } from '@nestjs/platform-fastify';

export interface HealthChecks {
  /** Without one of these nothing can be done: 503. */
  needed: Record<string, () => Promise<unknown>>;
  /** Work goes on without these, more slowly or told later; said, and still 200. */
  missed?: Record<string, () => boolean>;
}

/**
 * `/livez`: the process runs. `/readyz`: it can do its work now; 503 names the check that fails, never why, which is
 * in the log.
 */
export function serveHealth(app: NestFastifyApplication, { needed, missed = {} }: HealthChecks): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/livez', () => ({ status: 'ok' }));
  fastify.get('/readyz', async (request, reply) => {
    const failing: string[] = [];
    for (const [name, check] of Object.entries(needed))
      await check().catch((error: unknown) => {
        request.log.error({ err: error, check: name }, 'not ready');
        failing.push(name);
      });
    void reply.header('cache-control', 'no-store').code(failing.length ? 503 : 200);
    if (failing.length) return { status: 'unavailable', failing };
    const without = Object.keys(missed).filter((name) => !missed[name]!());
    return without.length ? { status: 'ok', without } : { status: 'ok' };
  });
}
