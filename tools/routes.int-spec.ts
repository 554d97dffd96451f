import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { chmod, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule as audit } from '../apps/audit/src/app.module.js';
import { run } from '../apps/cli/src/run.js';
import { AppModule as connectedAccounts } from '../apps/connected-accounts/src/app.module.js';
import { AppModule as connections } from '../apps/connections/src/app.module.js';
import { AppModule as exchange } from '../apps/exchange/src/app.module.js';
import { AppModule as identity } from '../apps/identity/src/app.module.js';
import { AppModule as tokensets } from '../apps/tokensets/src/app.module.js';
import { loadConfig } from '../libs/platform/config/src/index.js';
import { httpAdapter, prepareHttp } from '../libs/platform/http/src/index.js';
import type { EmbeddedPostgres } from '../libs/platform/persistence/src/index.js';
import { configSchemas, type ServiceConfig, ServiceParts } from '../libs/platform/service/src/index.js';
import { quickDirectory, startCopiedPostgres } from '../libs/platform/testing/src/index.js';
import { routed, routingTable } from './routing-table.js';

const apps = { connections, 'connected-accounts': connectedAccounts, exchange, tokensets, identity, audit };
type Name = keyof typeof apps;
const names = Object.keys(apps) as Name[];

/** In the table without a route: whose path it is, design.md §2 says; nothing answers there yet. */
const RESERVED: Record<string, string> = {
  '/api/v2/connections/*/health': 'tokensets: how a connection does',
  '/connections/*/jwks.json': 'connections: public keys for providers',
  '/api/v2/stats': 'audit: figures',
  '/api/v2/stats/*': 'audit: figures',
  '/me/v1/receipts/*': 'audit: receipts of a person',
  '/me/v1/connected-accounts': 'connected-accounts: the list itself; its parts are served',
  '/login/callback/*': 'identity: sign-in through a connection',
  '/me/v1/authentication-methods': 'identity: how a person signs in',
  '/me/v1/authentication-methods/*': 'identity: how a person signs in',
};

interface OpenApi {
  paths: Record<string, Record<string, unknown>>;
}

/** A path as a client would ask the service for it. */
const example = (route: string, name: string): string =>
  route
    .replace(':context', name)
    .replaceAll(/:[A-Za-z_]+/g, 'x1')
    .replace(/\*$/, 'x1');

describe('The routing table of the edge', () => {
  const table = routingTable();
  const routes = new Map<Name, string[]>();
  const served = new Set<string>();
  let directory: string;
  let postgres: EmbeddedPostgres;

  beforeAll(async () => {
    directory = await quickDirectory('routes');
    await chmod(directory, 0o711); // as root, the server runs as another user
    postgres = await startCopiedPostgres({ dataDir: join(directory, 'database') });
    const secrets = join(directory, 'secrets');
    const environment = { STRONGROOM_OWNER_DATABASE_URL: postgres.url, STRONGROOM_SECRETS_DIR: secrets };
    const said: string[] = [];
    const terminal = {
      environment,
      say: (line: string) => said.push(line),
      complain: (line: string) => said.push(line),
    };
    const init = ['init', '--dir', secrets, '--public-url', 'https://vault.example.org'];
    for (const parameters of [init, ['migrate']])
      if ((await run(parameters, terminal)) !== 0) throw new Error(said.join('\n'));
    for (const name of names) routes.set(name, await routesOf(name));
  }, 120_000);

  afterAll(async () => {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  });

  /** What the service answers, from its own router. */
  async function routesOf(name: Name): Promise<string[]> {
    const file = (one: string) => readFile(join(directory, 'secrets', name, one), 'utf8');
    const constant = name.replaceAll('-', '_').toUpperCase();
    const database = new URL(postgres.url);
    database.username = `strongroom_${name.replaceAll('-', '_')}`;
    const keys = name === 'tokensets' || name === 'identity' ? await file('master-keys') : undefined;
    // Which service it is, is known at run time alone, and a schema's type is that of one: hence the cast.
    const config = loadConfig(configSchemas[name], {
      STRONGROOM_PUBLIC_URL: 'https://vault.example.org',
      [`STRONGROOM_${constant}_DATABASE_URL`]: database.href,
      STRONGROOM_DATABASE_PASSWORD: (await file('database-password')).trim(),
      STRONGROOM_KAFKA_BROKERS: '127.0.0.1:9',
      STRONGROOM_REDIS_URL: 'redis://127.0.0.1:9',
      STRONGROOM_SERVICE_KEY: await file('service-key.pem'),
      STRONGROOM_SERVICE_KEYS: await file('service-keys.json'),
      ...Object.fromEntries(
        ['IDENTITY', 'CONNECTIONS', 'TOKENSETS'].map((one) => [`STRONGROOM_${one}_RPC_URL`, 'http://127.0.0.1:9']),
      ),
      STRONGROOM_MASTER_KEYS: keys,
      STRONGROOM_MANAGEMENT_CLIENT_ID: 'management',
      STRONGROOM_MANAGEMENT_CLIENT_SECRET: 'cnry_management_secret',
    }) as unknown as ServiceConfig;
    const parts = new ServiceParts(name, config);
    const module = apps[name] as { register: (parts: ServiceParts) => DynamicModule };
    const http = { logger: parts.logger, isHttps: true };
    const adapter = httpAdapter(http);
    const found = new Set<string>();
    adapter.getInstance().addHook('onRoute', ({ method, url }) => {
      found.add(url);
      // What answers GET answers HEAD and OPTIONS by itself.
      for (const one of [method].flat())
        if (one !== 'HEAD' && one !== 'OPTIONS') served.add(`${one} ${url.replaceAll(/:([A-Za-z_]+)/g, '{$1}')}`);
    });
    const app = await NestFactory.create<NestFastifyApplication>(module.register(parts), adapter, {
      bodyParser: false,
      logger: ['error', 'fatal'],
      abortOnError: false,
    });
    prepareHttp(app, http);
    await app.init();
    await app.close();
    await parts.client.close();
    await parts.redis?.close();
    return [...found].sort();
  }

  it.each(names)('sends every route of %s to it', (name) => {
    const sent = routes.get(name)!.map((route) => `${route} → ${routed(table, example(route, name))?.service}`);
    expect(sent).not.toHaveLength(0);
    expect(sent).toEqual(routes.get(name)!.map((route) => `${route} → ${name}`));
  });

  it('has no entry without a route, but what is reserved, and reserves nothing that has one', () => {
    const asked = [...routes].flatMap(([name, all]) => all.map((route) => example(route, name)));
    const used = new Set(asked.map((path) => routed(table, path)?.pattern));
    const unused = table.flatMap(({ paths }) => paths).filter((pattern) => !used.has(pattern));
    expect(unused.sort()).toEqual(Object.keys(RESERVED).sort());
  });

  it('MG-33 serves every route that docs/openapi.json has, and no other', () => {
    const file = JSON.parse(readFileSync(join(import.meta.dirname, '../docs/openapi.json'), 'utf8')) as OpenApi;
    const written = Object.entries(file.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // A file itself, which the standalone server and the edge serve.
    expect(written.sort()).toEqual([...served, 'GET /api/v2/openapi.json'].sort());
  });

  it('asks for each of the six once', () => {
    expect(table.map(({ service }) => service).sort()).toEqual([...names].sort());
  });

  it.each(['/rpc', '/rpc/Bearer/check', '/livez', '/readyz', '/metrics', '/', '/api/v2/openapi.json', '/dashboard'])(
    'sends %s to nobody',
    (path) => expect(routed(table, path)).toBeUndefined(),
  );

  it('lets the more specific path win', () => {
    expect(routed(table, '/api/v2/users/a%2Fb/connected-accounts/cac_1')?.service).toBe('connected-accounts');
    expect(routed(table, '/api/v2/users/u1/federated-connections-tokensets')?.service).toBe('tokensets');
    expect(routed(table, '/api/v2/keys/encryption/identity/rewrap')?.service).toBe('identity');
    expect(routed(table, '/api/v2/keys/encryption/rewrap')?.service).toBe('tokensets');
    expect(routed(table, '/.well-known/strongroom/asyncapi.json')).toBeUndefined();
  });
});
