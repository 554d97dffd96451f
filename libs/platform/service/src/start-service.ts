import type { DynamicModule, INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Clients, portTable, type ServiceName } from '@strongroom/contracts';
import {
  httpAdapter,
  NestLogger,
  type MetricsListener,
  OtherGrants,
  prepareHttp,
  serveCors,
  serveHealth,
  serveMetrics,
  WebOrigins,
} from '@strongroom/http';
import { KafkaMessaging } from '@strongroom/messaging';
import { refuseRestoredDatabase } from '@strongroom/persistence';
import { RpcServer } from '@strongroom/rpc';
import pg from 'pg';
import { type ServiceConfig, ServiceParts } from './service-parts.js';
import { rateLimits } from './settings.js';

/** What an app adds: its root module. The ports it offers are read from the table of contracts. */
export interface Service<Parts> {
  module: (parts: Parts) => DynamicModule;
  /** What has to be well too before it is ready, by the name that `/readyz` shows. */
  needed?: (app: INestApplicationContext) => Record<string, () => Promise<unknown>>;
}

export interface RunningService {
  /** Finishes what runs, then closes: listeners first, databases last. */
  close(): Promise<void>;
}

/** Those that own something that pages in browsers call. */
const FOR_PAGES: ServiceName[] = ['exchange', 'identity', 'connected-accounts', 'audit'];

/** Resolves when requests are answered. */
export async function startService<Config extends ServiceConfig>(
  name: ServiceName,
  config: Config,
  service: Service<ServiceParts<Config>>,
): Promise<RunningService> {
  const parts = new ServiceParts(name, config);
  await parts.client.check();
  const rpc = new RpcServer({
    name,
    keys: parts.keys,
    logger: parts.logger,
    host: config.STRONGROOM_RPC_HOST ?? config.STRONGROOM_HOST,
    port: config.STRONGROOM_RPC_PORT,
    ...parts.tls,
  });
  // First of all: a second process at this place must fail before it touches what the first one owns.
  await rpc.listen();
  let app: NestFastifyApplication | undefined;
  let metrics: MetricsListener | null = null;
  const close = async () => {
    await rpc.close().finally(() => app?.close());
    await metrics?.close();
    await parts.client.close();
    await parts.redis?.close();
  };
  try {
    await refuseRestoredDatabase(parts.databaseUrl, name.replaceAll('-', '_'));
    app = await startApp(parts, service);
    metrics = await metricsOf(parts);
    rpc.serve({ ports: offeredBy(name, app), ...otherGrantsOf(name, app) });
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startApp<Config extends ServiceConfig>(
  parts: ServiceParts<Config>,
  service: Service<ServiceParts<Config>>,
): Promise<NestFastifyApplication> {
  const { config, logger, publicUrl } = parts;
  const http = {
    logger,
    isHttps: publicUrl.isHttps,
    trustedProxies: config.STRONGROOM_TRUSTED_PROXIES,
    certificateHeader: config.STRONGROOM_CLIENT_CERT_HEADER,
    rateLimits: rateLimits(config, parts.counters),
    maxInFlight: config.STRONGROOM_MAX_IN_FLIGHT,
  };
  const app = await NestFactory.create<NestFastifyApplication>(service.module(parts), httpAdapter(http), {
    bodyParser: false,
    logger: new NestLogger(),
    abortOnError: false,
  });
  try {
    prepareHttp(app, http);
    if (FOR_PAGES.includes(parts.name)) serveCors(app, new WebOrigins(app.get(Clients, { strict: false })));
    const probe = new pg.Pool({
      connectionString: parts.databaseUrl,
      max: 1,
      connectionTimeoutMillis: 2000,
      query_timeout: 2000,
    });
    probe.on('error', () => undefined); // the next look tells
    const messaging = app.get(KafkaMessaging);
    serveHealth(app, {
      needed: { database: () => probe.query('SELECT 1'), ...service.needed?.(app) },
      missed: {
        kafka: () => messaging.state().connected,
        ...(parts.redis ? { redis: () => parts.redis!.state() === 'ready' } : {}),
      },
    });
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onClose', () => probe.end());
    await app.init();
    await messaging.start(app);
    await app.listen(config.STRONGROOM_PORT, config.STRONGROOM_HOST);
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

const metricsOf = async <Config extends ServiceConfig>(
  parts: ServiceParts<Config>,
): Promise<MetricsListener | null> => {
  const { STRONGROOM_METRICS_PORT: port, STRONGROOM_METRICS_HOST: host } = parts.config;
  return port === undefined ? null : serveMetrics(parts.metrics, { host, port, logger: parts.logger });
};

const offeredBy = (name: ServiceName, app: INestApplicationContext): Record<string, object> =>
  Object.fromEntries(
    Object.entries(portTable)
      .filter(([, { offeredBy }]) => offeredBy === name)
      .map(([port, entry]) => [port, app.get<object>(entry.port, { strict: false })]),
  );

const otherGrantsOf = (name: ServiceName, app: INestApplicationContext): { otherGrants?: OtherGrants } =>
  name === 'identity' ? { otherGrants: app.get(OtherGrants, { strict: false }) } : {};
