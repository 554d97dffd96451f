import type { AddressInfo } from 'node:net';
import type { Logger, Metrics } from '@strongroom/observability';
import fastify, { type FastifyReply } from 'fastify';

export interface MetricsListener {
  port: number;
  close(): Promise<void>;
}

const SAFE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/**
 * `GET /metrics` on a listener of its own: what the installation says of itself is for its operator, so the address that
 * clients reach never answers for it.
 */
export async function serveMetrics(
  metrics: Metrics,
  { host, port, logger }: { host: string; port: number; logger: Logger },
): Promise<MetricsListener> {
  const server = fastify({
    ...{ logger: false, forceCloseConnections: true, requestTimeout: 10_000 },
    // An address that no router can read; else the framework says it again.
    frameworkErrors: (_error, _request, reply) => nothingHere(reply as FastifyReply),
  });
  server.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(SAFE);
    done();
  });
  server.get('/metrics', async (_request, reply) => {
    void reply.type(metrics.contentType);
    return metrics.text();
  });
  server.setNotFoundHandler((_request, reply) => nothingHere(reply));
  server.setErrorHandler((error, _request, reply) => {
    logger.error({ err: error }, 'metrics not answered');
    return reply.code(500).send();
  });
  await server.listen({ host, port });
  return { port: (server.server.address() as AddressInfo).port, close: () => server.close() };
}

const nothingHere = (reply: FastifyReply): void => void reply.code(404).headers(SAFE).send();
