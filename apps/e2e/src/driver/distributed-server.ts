import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ServiceName, serviceNames } from '@strongroom/contracts';
import { createLocalAuthority } from '@strongroom/crypto';
import { freePort, quickDirectory } from '@strongroom/testing';
import pg from 'pg';
import { type BackingServers, type OwnServers, startBackingServers } from './backing-servers.js';
import { Child } from './child.js';
import { makeClientAuthority } from './client-certificates.js';
import { CLIENT_CERT_HEADER, Edge } from './edge.js';
import type { InstallationAddress } from './installation.js';
import { residentMebibytes, UNLIMITED } from './processes.js';
import type { Server } from './server.js';
import { type Place, ServiceProcess } from './service-process.js';
import { simulatedProvidersFile } from './simulated-catalogue.js';
import { Traces } from './traces.js';

export interface DistributedOptions {
  environment?: Record<string, string>;
  /** How many processes of a service; one each by default. */
  scale?: Partial<Record<ServiceName, number>>;
  own?: OwnServers;
  /** Whether its Postgres begins as a copy, and does not wait for its disk. */
  isThrownAway?: boolean;
}

/** Six services behind the edge, each with its own secrets and role, as `strongroom init` and `migrate` leave them. */
export class DistributedServer implements Server {
  private constructor(
    readonly dataDir: string,
    readonly servers: BackingServers,
    readonly processes: readonly ServiceProcess[],
    private readonly edge: Edge,
    private readonly traces: Traces,
    private readonly simulatorUrl: string,
  ) {}

  static async start(simulatorUrl: string, options: DistributedOptions = {}): Promise<DistributedServer> {
    const { own = {}, isThrownAway = false } = options;
    // Not under a directory that only we may enter: as root, Postgres runs as somebody else.
    const dataDir = await (isThrownAway ? quickDirectory('flow') : mkdtemp('/var/tmp/strongroom-flow-'));
    const servers = await startBackingServers(dataDir, own, isThrownAway);
    try {
      return await startUpon(dataDir, servers, simulatorUrl, options, (...parts) => new DistributedServer(...parts));
    } catch (error) {
      await servers.remove();
      throw error;
    }
  }

  get url(): string {
    return this.edge.url;
  }

  get metricsUrls(): string[] {
    return this.processes.map(({ place }) => `http://127.0.0.1:${place.metricsPort}/metrics`);
  }

  get address(): InstallationAddress {
    const secret = (name: string) => readFileSync(join(this.dataDir, 'secrets/identity', name), 'utf8').trim();
    return {
      url: this.url,
      managementClientId: secret('management-client-id'),
      managementClientSecret: secret('management-client-secret'),
      simulatorUrl: this.simulatorUrl,
      caFile: join(this.dataDir, 'tls/ca.pem'),
      clientAuthorityFile: join(this.dataDir, 'clients-authority/ca.pem'),
    };
  }

  get output(): string {
    return this.processes.map((process) => process.output).join('') + this.edge.output;
  }

  /** The processes of one service. */
  of(service: ServiceName): ServiceProcess[] {
    return this.processes.filter(({ name }) => name === service);
  }

  async start(options: { ownGroup?: boolean } = {}): Promise<void> {
    await Promise.all(this.processes.map((process) => process.start(options)));
  }

  async stop(): Promise<number | null> {
    return worst(await Promise.all(this.processes.map((process) => process.stop())));
  }

  async interrupt(): Promise<number | null> {
    return worst(await Promise.all(this.processes.map((process) => process.interrupt())));
  }

  async kill(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.edge.stop();
    await this.traces.close();
    await this.servers.remove();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async database(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.servers.postgresUrl });
    await client.connect();
    return client;
  }

  elsewhere(): Promise<Map<string, Buffer>> {
    return this.traces.all();
  }

  flushRedis(): Promise<void> {
    return this.traces.flush();
  }

  plant(secrets: readonly string[]): Promise<void> {
    return this.traces.plant(secrets);
  }

  residentMebibytes(): Record<string, number> {
    return Object.fromEntries(
      this.processes.map(({ name, place, pid }) => [`${name} ${place.port}`, residentMebibytes(pid)]),
    );
  }
}

const worst = (codes: (number | null)[]): number | null =>
  codes.includes(null) ? null : Math.max(...(codes as number[]));

async function startUpon<Made>(
  dataDir: string,
  servers: BackingServers,
  simulatorUrl: string,
  { environment = {}, scale = {} }: DistributedOptions,
  make: (...parts: [string, BackingServers, ServiceProcess[], Edge, Traces, string]) => Made,
): Promise<Made> {
  const edgePort = await freePort();
  const url = `https://localhost:${edgePort}`;
  const secrets = join(dataDir, 'secrets');
  for (const service of serviceNames) {
    await mkdir(join(secrets, service), { recursive: true, mode: 0o700 });
    await writeFile(join(secrets, service, 'database-password'), servers.passwordOf(service), { mode: 0o600 });
  }
  await strongroom(['init', '--dir', secrets, '--public-url', url], {});
  await strongroom(['migrate'], {
    STRONGROOM_OWNER_DATABASE_URL: servers.postgresUrl,
    STRONGROOM_SECRETS_DIR: secrets,
    STRONGROOM_KAFKA_BROKERS: servers.brokers,
    STRONGROOM_KAFKA_TOPIC_PREFIX: servers.topicPrefix,
    STRONGROOM_KAFKA_REPLICATION: '1',
  });
  await createLocalAuthority(dataDir, ['localhost', 'mtls.localhost']);
  const places = new Map<ServiceName, Place[]>();
  for (const name of serviceNames) {
    const own: Place[] = [];
    for (let i = 0; i < (scale[name] ?? 1); i++)
      own.push({ port: await freePort(), rpcPort: await freePort(), metricsPort: await freePort() });
    places.set(name, own);
  }
  const shared = {
    STRONGROOM_PUBLIC_URL: url,
    STRONGROOM_KAFKA_BROKERS: servers.brokers,
    STRONGROOM_KAFKA_TOPIC_PREFIX: servers.topicPrefix,
    STRONGROOM_REDIS_URL: servers.redisUrl,
    STRONGROOM_TRUSTED_PROXIES: '127.0.0.1/32,::1/128',
    STRONGROOM_CLIENT_CERT_HEADER: CLIENT_CERT_HEADER,
    STRONGROOM_DASHBOARD: 'on',
    STRONGROOM_CLIENT_CERT_CA_FILE: await makeClientAuthority(dataDir),
    ...UNLIMITED,
    STRONGROOM_EGRESS_ALLOW: new URL(simulatorUrl).origin,
    STRONGROOM_PROVIDERS_FILE: await simulatedProvidersFile(simulatorUrl, dataDir),
    ...environment,
  };
  const processes = serviceNames.flatMap((name) =>
    places.get(name)!.map((place) => new ServiceProcess(name, place, { places, secrets, servers, shared })),
  );
  const traces = await Traces.open(servers);
  const edge = new Edge(edgePort, dataDir, places);
  try {
    await Promise.all(processes.map((process) => process.start()));
    await edge.start();
  } catch (error) {
    await Promise.all(processes.map((process) => process.stop()));
    await edge.stop();
    await traces.close();
    throw error;
  }
  return make(dataDir, servers, processes, edge, traces, simulatorUrl);
}

/** An operator's command; anything but a success stops the test with what it said. */
async function strongroom(parameters: string[], environment: Record<string, string>): Promise<void> {
  const child = Child.app('cli', environment, { parameters });
  if ((await child.ended()) !== 0) throw new Error(`strongroom ${parameters[0]} failed:\n${child.output}`);
}
