import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import type { DynamicModule, Provider } from '@nestjs/common';
import { type PortName, portTable, type ServiceName, serviceNames } from '@strongroom/contracts';
import { Egress } from '@strongroom/egress';
import type { VaultError } from '@strongroom/errors';
import { errorAnswer, OtherGrants, PublicUrl } from '@strongroom/http';
import {
  type Budgets,
  Counters,
  InProcessCounters,
  Locks,
  RedisBudgets,
  RedisConnection,
  RedisCounters,
  RedisLocks,
  RedisReplayStore,
  ReplayStore,
} from '@strongroom/locking';
import { KafkaMessagingModule } from '@strongroom/messaging';
import { createLogger, type Logger, LOGGER, Metrics } from '@strongroom/observability';
import { Catalogue } from '@strongroom/providers';
import { RpcClient, ServiceKeys } from '@strongroom/rpc';
import { refuseExampleKeys } from './refuse-example-keys.js';
import { databaseUrlName, type EgressConfig, egressOptions, rpcUrlName } from './settings.js';

/** The settings that every service has. */
export interface ServiceConfig extends EgressConfig {
  STRONGROOM_PUBLIC_URL: string;
  STRONGROOM_HOST: string;
  STRONGROOM_PORT: number;
  STRONGROOM_TRUSTED_PROXIES: string[];
  STRONGROOM_MAX_IN_FLIGHT: number;
  STRONGROOM_CLIENT_CERT_HEADER?: string | undefined;
  STRONGROOM_RPC_HOST?: string | undefined;
  STRONGROOM_RPC_PORT: number;
  STRONGROOM_DATABASE_PASSWORD?: string | undefined;
  STRONGROOM_KAFKA_BROKERS: string[];
  STRONGROOM_KAFKA_TOPIC_PREFIX: string;
  STRONGROOM_REDIS_URL?: string | undefined;
  STRONGROOM_RATE_MANAGEMENT: number;
  STRONGROOM_RATE_ACCOUNT: number;
  STRONGROOM_SERVICE_KEY: string;
  STRONGROOM_SERVICE_KEYS: string;
  STRONGROOM_RPC_TLS_CA?: string | undefined;
  STRONGROOM_RPC_TLS_CERT?: string | undefined;
  STRONGROOM_RPC_TLS_KEY?: string | undefined;
  STRONGROOM_MASTER_KEYS?: string;
  STRONGROOM_PROVIDERS_FILE?: string[];
  STRONGROOM_METRICS_PORT?: number | undefined;
  STRONGROOM_METRICS_HOST: string;
  STRONGROOM_LOG_LEVEL: string;
}

/** What a service is made of before its contexts: read from the configuration, nothing opened yet. */
export class ServiceParts<Config extends ServiceConfig = ServiceConfig> {
  readonly publicUrl: PublicUrl;
  readonly logger: Logger;
  readonly keys: ServiceKeys;
  readonly client: RpcClient;
  /** Null: this service shares nothing by Redis. */
  readonly redis: RedisConnection | null;
  readonly locks: Locks | null;
  readonly budgets: Budgets | null;
  /** Of this process alone where nothing is shared. */
  readonly counters: Counters;
  readonly metrics = Metrics.ofProcess();
  readonly databaseUrl: string;

  constructor(
    readonly name: ServiceName,
    readonly config: Config,
  ) {
    this.publicUrl = new PublicUrl(config.STRONGROOM_PUBLIC_URL);
    if (config.STRONGROOM_MASTER_KEYS) refuseExampleKeys(config.STRONGROOM_MASTER_KEYS, this.publicUrl.origin);
    this.logger = createLogger(config.STRONGROOM_LOG_LEVEL);
    this.keys = ServiceKeys.parse({
      name,
      privateKeyPem: config.STRONGROOM_SERVICE_KEY,
      publicKeysJwks: config.STRONGROOM_SERVICE_KEYS,
    });
    this.databaseUrl = databaseUrlOf(name, config);
    this.client = new RpcClient({ name, keys: this.keys, urls: rpcUrlsOf(config), logger: this.logger, ...this.tls });
    this.redis = config.STRONGROOM_REDIS_URL ? new RedisConnection(config.STRONGROOM_REDIS_URL, this.logger) : null;
    this.locks = this.redis && new RedisLocks(this.redis);
    this.budgets = this.redis && new RedisBudgets(this.redis);
    this.counters = this.redis ? new RedisCounters(this.redis) : new InProcessCounters();
  }

  /** Mutual TLS between services, where it is configured. */
  get tls(): { tls?: { ca: string; cert: string; key: string } } {
    const { STRONGROOM_RPC_TLS_CA: ca, STRONGROOM_RPC_TLS_CERT: cert, STRONGROOM_RPC_TLS_KEY: key } = this.config;
    if (!ca && !cert && !key) return {};
    if (!ca || !cert || !key)
      throw new Error('STRONGROOM_RPC_TLS_CA, _CERT and _KEY belong together: set all three, or none.');
    return { tls: { ca, cert, key } };
  }

  /** UUID of the place this process runs at: two processes cannot listen at one address. */
  get node(): string {
    const place = `${hostname()} ${this.config.STRONGROOM_PORT} ${this.config.STRONGROOM_RPC_PORT}`;
    const hex = createHash('sha256').update(`strongroom/node/1 ${place}`).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  }

  /** A provider is never one of us or of our stores, whatever `STRONGROOM_EGRESS_ALLOW` says. */
  private get ownOrigins(): string[] {
    const { STRONGROOM_PORT: port, STRONGROOM_RPC_PORT: rpcPort, STRONGROOM_METRICS_PORT: metricsPort } = this.config;
    const listeners = ['127.0.0.1', 'localhost', '[::1]', hostname()].flatMap((host) =>
      [port, rpcPort, ...(metricsPort ? [metricsPort] : [])].flatMap((one) => [
        `http://${host}:${one}`,
        `https://${host}:${one}`,
      ]),
    );
    const others = Object.values(rpcUrlsOf(this.config)).flat();
    return [this.publicUrl.origin, ...listeners, ...others.map((url) => new URL(url).origin), ...this.stores];
  }

  /** By host and port alone: no other part of a store's address goes into a message about it. */
  private get stores(): string[] {
    const { STRONGROOM_REDIS_URL: redis, STRONGROOM_KAFKA_BROKERS: brokers } = this.config;
    const at = (url: string, usualPort: number): string => {
      const { hostname, port } = new URL(url);
      return `http://${hostname}:${port || usualPort}`;
    };
    const kafka = brokers.map((broker) => `http://${broker}`);
    const all = [at(this.databaseUrl, 5432), ...(redis ? [at(redis, 6379)] : []), ...kafka];
    return all.filter((origin) => URL.canParse(origin)); // a Postgres at a socket in the file system has none
  }

  /** The root module of the service: being global, it shows the context the ports that others offer. */
  root(module: new () => object, context: DynamicModule, ports: readonly PortName[], more: Provider[] = []) {
    const { config, databaseUrl, logger } = this;
    const providers: Provider[] = [
      { provide: PublicUrl, useValue: this.publicUrl },
      { provide: LOGGER, useValue: logger },
      { provide: Metrics, useValue: this.metrics },
      { provide: Counters, useValue: this.counters },
      {
        provide: Egress,
        useFactory: () => new Egress({ ...egressOptions(config), ownOrigins: this.ownOrigins }),
      },
      { provide: Catalogue, useFactory: () => Catalogue.load(config.STRONGROOM_PROVIDERS_FILE ?? []) },
      ...(this.redis
        ? [
            { provide: Locks, useValue: this.locks },
            { provide: ReplayStore, useValue: new RedisReplayStore(this.redis) },
          ]
        : []),
      ...ports.map((name): Provider => ({ provide: portTable[name].port, useValue: this.client.port<object>(name) })),
      ...more,
    ];
    const messaging = KafkaMessagingModule.forRoot({
      url: databaseUrl,
      brokers: config.STRONGROOM_KAFKA_BROKERS,
      topicPrefix: config.STRONGROOM_KAFKA_TOPIC_PREFIX,
      logger,
      operatorApi: true,
    });
    return {
      module,
      global: true,
      imports: [context, messaging],
      providers,
      exports: [context, ...providers.map((one) => (one as { provide: symbol }).provide)],
    } satisfies DynamicModule;
  }

  /** Every grant that is not the vault's goes to `identity`. */
  otherGrants(): Provider {
    const unavailable = (error: VaultError, response: ServerResponse): void => {
      const { status, headers, body } = errorAnswer('/oauth/token', error);
      response.writeHead(status, headers).end(JSON.stringify(body));
    };
    return { provide: OtherGrants, useValue: this.client.otherGrants(unavailable) };
  }
}

/** With the password that the configuration gives apart. */
export function databaseUrlOf(service: ServiceName, config: { STRONGROOM_DATABASE_PASSWORD?: string | undefined }) {
  const url = new URL(String((config as Record<string, unknown>)[databaseUrlName(service)]));
  if (config.STRONGROOM_DATABASE_PASSWORD) url.password = encodeURIComponent(config.STRONGROOM_DATABASE_PASSWORD);
  return url.href;
}

const rpcUrlsOf = (config: object): Partial<Record<ServiceName, string[]>> =>
  Object.fromEntries(
    serviceNames.flatMap((service) => {
      const urls = (config as Record<string, unknown>)[rpcUrlName(service)];
      return Array.isArray(urls) ? [[service, urls as string[]]] : [];
    }),
  );
