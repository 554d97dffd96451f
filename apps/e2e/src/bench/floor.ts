import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { Controller, Module, Post, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { httpAdapter, prepareHttp, rawBody } from '@strongroom/http';
import { createLogger } from '@strongroom/observability';
import { startEmbeddedPostgres } from '@strongroom/persistence';
import type { FastifyRequest } from 'fastify';
import pg from 'pg';

/**
 * The floor of the bench, a process of its own: the same Nest, the same HTTP adapter and the same Postgres, answering a
 * form after one select by primary key. Prints its port; ends on SIGTERM.
 */
const dataDir = await mkdtemp('/var/tmp/strongroom-floor-');
const postgres = await startEmbeddedPostgres({ dataDir });
const pool = new pg.Pool({ connectionString: postgres.url, max: 4 });
await pool.query(`CREATE TABLE floor AS SELECT 'key' AS id, 'value' AS value`);
await pool.query('ALTER TABLE floor ADD PRIMARY KEY (id)');

@Controller()
class FloorController {
  @Post('floor')
  async answer(@Req() request: FastifyRequest): Promise<object> {
    const connection = new URLSearchParams(rawBody(request).toString()).get('connection');
    const { rows } = await pool.query<{ value: string }>({
      name: 'floor',
      text: 'SELECT value FROM floor WHERE id = $1',
      values: ['key'],
    });
    return { access_token: rows[0]?.value, scope: connection };
  }
}

@Module({ controllers: [FloorController] })
class FloorModule {}

const options = { logger: createLogger('error'), isHttps: false };
const app = await NestFactory.create<NestFastifyApplication>(FloorModule, httpAdapter(options), {
  bodyParser: false,
  logger: false,
});
prepareHttp(app, options);
await app.listen(0, '127.0.0.1');
process.stdout.write(`floor ${new URL(await app.getUrl()).port}\n`);
process.once('SIGTERM', () => {
  void (async () => {
    await app.close();
    await pool.end();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
    process.exit(0);
  })();
});
