import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WebOrigins } from './web-origins.js';

/** Answers there depend on the client that asks: whoever owns it opens them (`WebOrigins.open`). */
const TOKEN_ENDPOINT = '/oauth/token';
const PATHS = [TOKEN_ENDPOINT, '/oauth/revoke', '/userinfo', '/.well-known/*', '/me/v1/*'];
const PREFIXES = PATHS.map((path) => path.replace('*', ''));

const PERMISSION = {
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers': 'authorization, content-type, auth0-client, dpop',
  'access-control-max-age': '600',
};

/**
 * Lets pages at registered origins call what a client in a browser needs (`spec/wire-contract.md` §4.5). Nobody's cookies
 * count there. To other pages nothing is said, which is how they are refused. Call before the routes are made.
 */
export function serveCors(app: NestFastifyApplication, origins: WebOrigins): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', async (request, reply) => {
    const path = request.url.split('?')[0]!;
    if (!isShared(path)) return;
    void reply.header('vary', 'Origin');
    if (request.method !== 'OPTIONS' && path !== TOKEN_ENDPOINT) await origins.open(request, reply, null);
  });
  const preflight = async (request: FastifyRequest, reply: FastifyReply) => {
    const { origin } = request.headers;
    if (origin && (await origins.has(origin, null)))
      void reply.headers({ 'access-control-allow-origin': origin, ...PERMISSION });
    return reply.code(204).send();
  };
  for (const path of PATHS) fastify.options(path, preflight);
}

const isShared = (path: string): boolean =>
  PREFIXES.some((prefix) => (prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix));
