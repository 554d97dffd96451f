import type { AddressInfo } from 'node:net';
import type { Logger, Metrics } from '@strongroom/observability';
import fastify from 'fastify';

export interface MetricsListener {
  port: number;
  close(): Promise<void>;
}

/**
 * `GET /metrics` on a listener of its own: what the installation says of itself is for its operator, so the address that
 * clients reach never answers for it.
 */
export async function serveMetrics(
  metrics: Metrics,
  { host, port, logger }: { host: string; port: number; logger: Logger },
): Promise<MetricsListener> {
  const server = fastify({ logger: false, forceCloseConnections: true, requestTimeout: 10_000 });
  server.get('/metrics', async (_request, reply) => {
    void reply.headers({ 'content-type': metrics.contentType, 'cache-control': 'no-store' });
    return metrics.text();
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).send());
  server.setErrorHandler((error, _request, reply) => {
    logger.error({ err: error }, 'metrics not answered');
    return reply.code(500).send();
  });
  await server.listen({ host, port });
  return { port: (server.server.address() as AddressInfo).port, close: () => server.close() };
}
