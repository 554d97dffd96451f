import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** `docs/openapi.json`, for anybody. It is a file and no context's: in the separate services the edge serves it. */
export function serveOpenApi(app: NestFastifyApplication): void {
  const file = readFileSync(join(import.meta.dirname, '../../../docs/openapi.json'));
  app
    .getHttpAdapter()
    .getInstance()
    .get('/api/v2/openapi.json', (_request, reply) =>
      reply.headers({ 'content-type': 'application/json', 'cache-control': 'public, max-age=300' }).send(file),
    );
}
