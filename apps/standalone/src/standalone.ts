import { join } from 'node:path';
import { refuseUnwritable } from '@strongroom/config';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { auditDatabase } from '@strongroom/audit';
import { connectedAccountsDatabase } from '@strongroom/connected-accounts';
import { connectionsDatabase } from '@strongroom/connections';
import { Clients } from '@strongroom/contracts';
import { ConfiguredMasterKeys } from '@strongroom/crypto';
import { Egress } from '@strongroom/egress';
import { exchangeDatabase } from '@strongroom/exchange';
import {
  httpAdapter,
  NestLogger,
  prepareHttp,
  PublicUrl,
  serveCors,
  serveHealth,
  serveMetrics,
  WebOrigins,
} from '@strongroom/http';
import { identityChecks, identityDatabase } from '@strongroom/identity';
import { InProcessCounters } from '@strongroom/locking';
import { busDatabase, InProcessMessaging } from '@strongroom/messaging';
import { createLogger, type Logger, Metrics } from '@strongroom/observability';
import { migrate, refuseRestoredDatabase, startEmbeddedPostgres } from '@strongroom/persistence';
import { Catalogue } from '@strongroom/providers';
import {
  clientAuthentication,
  egressOptions,
  rateLimits,
  refreshOptions,
  refuseExampleKeys,
} from '@strongroom/service';
import { tokensetsChecks, tokensetsDatabase } from '@strongroom/tokensets';
import pg from 'pg';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { DataDirectory } from './data-directory.js';
import { defaultUrl, ownListeners, tlsOf } from './own-address.js';
import { type DashboardFiles, dashboardFiles, serveDashboard } from './serve-dashboard.js';
import { serveOpenApi } from './serve-openapi.js';
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.js';

export interface Standalone {
  publicUrl: string;
  dataDir: string;
  /** Settles when the embedded Postgres ends, wanted or not. */
  databaseEnded: Promise<void>;
  hasDashboard: boolean;
  /** The provider simulator beside it, where one was asked for. */
  simulator: SimulatorProcess | null;
  /** Finishes what runs, then stops the database. */
  close(): Promise<void>;
}

/** Everything in one process, on an embedded Postgres. Resolves when requests are answered. */
export async function startStandalone(config: Config): Promise<Standalone> {
  const directory = await DataDirectory.open(config.STRONGROOM_DATA_DIR);
  const givenKeys = await directory.masterKeys(config);
  const masterKeys = ConfiguredMasterKeys.parse(givenKeys);
  const managementClient = await directory.managementClient(config);
  const administrator = await directory.administrator(config);
  const publicUrl = new PublicUrl(config.STRONGROOM_PUBLIC_URL ?? defaultUrl(config));
  refuseExampleKeys(givenKeys, publicUrl.origin);
  if (config.STRONGROOM_SPILL_DIR) refuseUnwritable('STRONGROOM_SPILL_DIR', config.STRONGROOM_SPILL_DIR);
  const tls = await tlsOf(config, directory, publicUrl);
  const dashboard = dashboardFiles(config.STRONGROOM_DASHBOARD);

  const simulator = await simulatorOf(config, directory);
  const postgres = await startEmbeddedPostgres({ dataDir: directory.path }).catch(async (error: unknown) => {
    await simulator?.stop();
    throw error;
  });
  const stopServers = async () => {
    await postgres.stop();
    await simulator?.stop();
  };
  try {
    const app = await startApp(withSimulated(config, simulator), postgres.url, {
      dashboard,
      publicUrl,
      masterKeys,
      managementClient,
      administrator,
      ...(tls ? { tls } : {}),
    });
    return {
      publicUrl: publicUrl.origin,
      dataDir: directory.path,
      hasDashboard: dashboard !== null,
      databaseEnded: postgres.ended,
      simulator,
      close: async () => {
        await app.close();
        await stopServers();
      },
    };
  } catch (error) {
    await stopServers();
    throw error;
  }
}

const simulatorOf = async (config: Config, directory: DataDirectory): Promise<SimulatorProcess | null> =>
  config.STRONGROOM_SIMULATOR === 'on'
    ? startSimulatorProcess({
        port: config.STRONGROOM_SIMULATOR_PORT,
        providersFile: join(directory.path, 'simulated-providers.json'),
      })
    : null;

/** Simulated entries over the shipped ones and under the operator's own, who may want a real provider among them. */
const withSimulated = (config: Config, simulator: SimulatorProcess | null): Config =>
  simulator === null
    ? config
    : {
        ...config,
        STRONGROOM_EGRESS_ALLOW: [...config.STRONGROOM_EGRESS_ALLOW, simulator.origin],
        STRONGROOM_PROVIDERS_FILE: [simulator.providersFile, ...config.STRONGROOM_PROVIDERS_FILE],
      };

interface Parts {
  dashboard: DashboardFiles | null;
  publicUrl: PublicUrl;
  masterKeys: ConfiguredMasterKeys;
  managementClient: { clientId: string; clientSecret: string };
  administrator: { email: string; password: string };
  tls?: { key: string; cert: string };
}

async function startApp(
  config: Config,
  databaseUrl: string,
  { tls, dashboard, ...secrets }: Parts,
): Promise<NestFastifyApplication> {
  const databases = [
    connectionsDatabase,
    identityDatabase,
    tokensetsDatabase,
    connectedAccountsDatabase,
    exchangeDatabase,
    auditDatabase,
  ];
  await migrate(busDatabase(databaseUrl));
  for (const database of databases) await migrate(database(databaseUrl));
  for (const database of databases) await refuseRestoredDatabase(databaseUrl, database(databaseUrl).schema);

  const logger = createLogger(config.STRONGROOM_LOG_LEVEL);
  const metrics = Metrics.ofProcess();
  const egress = new Egress({
    ...egressOptions(config),
    ownOrigins: [secrets.publicUrl.origin, ...ownListeners(config, databaseUrl)],
  });
  const asksForCertificates = config.STRONGROOM_TLS_CLIENT_CERTS === 'ask';
  if (asksForCertificates && !tls)
    throw new Error('STRONGROOM_TLS_CLIENT_CERTS=ask needs TLS: set STRONGROOM_TLS, or the certificate and its key.');
  const http = {
    logger,
    isHttps: secrets.publicUrl.isHttps,
    trustedProxies: config.STRONGROOM_TRUSTED_PROXIES,
    certificateHeader: config.STRONGROOM_CLIENT_CERT_HEADER,
    asksForCertificates,
    // Counters of their own: whoever comes from many addresses must not make anything else forget.
    rateLimits: rateLimits(config, new InProcessCounters()),
    maxInFlight: config.STRONGROOM_MAX_IN_FLIGHT,
    ...(tls ? { tls } : {}),
  };
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.register({
      ...secrets,
      databaseUrl,
      logger,
      egress,
      catalogue: Catalogue.load(config.STRONGROOM_PROVIDERS_FILE),
      metrics,
      refresh: { ...refreshOptions(config), spillDir: spillDirOf(config) },
      rewrapRowsPerSecond: config.STRONGROOM_REWRAP_ROWS_PER_SECOND,
      connectionCacheSeconds: config.STRONGROOM_CONNECTION_CACHE_SECONDS,
      hasDashboard: dashboard !== null,
      requireDpopNonce: config.STRONGROOM_DPOP_NONCE === 'required',
      clientAuthentication: clientAuthentication(config, asksForCertificates),
    }),
    httpAdapter(http),
    { bodyParser: false, logger: new NestLogger(), abortOnError: false },
  );
  try {
    prepareHttp(app, http);
    serveCors(app, new WebOrigins(app.get(Clients, { strict: false })));
    const probe = new pg.Pool({ connectionString: databaseUrl, max: 1, connectionTimeoutMillis: 2000 });
    probe.on('error', () => undefined); // the next look tells
    serveHealth(app, { needed: { database: () => probe.query('SELECT 1'), ...keyChecks(app) } });
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onClose', () => probe.end());
    serveOpenApi(app);
    if (dashboard) serveDashboard(app, dashboard);
    await serveMetricsBeside(app, config, metrics, logger);
    await app.init();
    await app.get(InProcessMessaging).start(app);
    await app.listen(config.STRONGROOM_PORT, config.STRONGROOM_HOST);
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

async function serveMetricsBeside(
  app: NestFastifyApplication,
  { STRONGROOM_METRICS_PORT: port, STRONGROOM_METRICS_HOST: host }: Config,
  metrics: Metrics,
  logger: Logger,
): Promise<void> {
  if (port === undefined) return;
  const listener = await serveMetrics(metrics, { host, port, logger });
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onClose', () => listener.close());
}

/** Both key rings answer to the same name. */
function keyChecks(app: NestFastifyApplication) {
  const [identity, tokensets] = [identityChecks(app), tokensetsChecks(app)];
  return { ...tokensets, sealed: () => Promise.all([identity.sealed(), tokensets.sealed()]) };
}

const spillDirOf = ({ STRONGROOM_SPILL_DIR: spill, STRONGROOM_DATA_DIR: data }: Config): string =>
  spill ?? join(data, 'spill');
