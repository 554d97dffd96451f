import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * `/livez`: the process runs. `/readyz`: it can do its work now; 503 names the check that fails, never why, which is
 * in the log.
 */
export function serveHealth(app: NestFastifyApplication, checks: Record<string, () => Promise<unknown>>): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/livez', () => ({ status: 'ok' }));
  fastify.get('/readyz', async (request, reply) => {
    const failing: string[] = [];
    for (const [name, check] of Object.entries(checks))
      await check().catch((error: unknown) => {
        request.log.error({ err: error, check: name }, 'not ready');
        failing.push(name);
      });
    void reply.header('cache-control', 'no-store').code(failing.length ? 503 : 200);
    return failing.length ? { status: 'unavailable', failing } : { status: 'ok' };
  });
}
