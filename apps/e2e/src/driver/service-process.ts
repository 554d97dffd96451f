import { join } from 'node:path';
import { type ServiceName } from '@strongroom/contracts';
import type { BackingServers } from './backing-servers.js';
import { Child } from './child.js';
import { untilReady } from './processes.js';

/** Where a process listens, on the loopback address. */
export interface Place {
  port: number;
  rpcPort: number;
  metricsPort: number;
}

export interface Surroundings {
  places: ReadonlyMap<ServiceName, readonly Place[]>;
  secrets: string;
  servers: BackingServers;
  shared: Record<string, string>;
}

/** One process of one service, which can end, be killed and start again at its place. */
export class ServiceProcess {
  private child: Child | undefined;
  private said = '';

  constructor(
    readonly name: ServiceName,
    readonly place: Place,
    private readonly around: Surroundings,
  ) {}

  get output(): string {
    return this.said + (this.child?.output ?? '');
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  async start(options: { ownGroup?: boolean } = {}): Promise<void> {
    this.said += this.child?.output ?? '';
    this.child = Child.app(this.name, this.environment(), options);
    await untilReady(this.child, `http://127.0.0.1:${this.place.port}/readyz`, () => undefined);
  }

  async stop(): Promise<number | null> {
    return this.child ? this.child.end('SIGTERM') : 0;
  }

  async interrupt(): Promise<number | null> {
    return this.child ? this.child.interrupt() : 0;
  }

  async kill(): Promise<void> {
    await this.child?.end('SIGKILL');
  }

  private environment(): Record<string, string> {
    const { places, secrets, servers, shared } = this.around;
    const file = (name: string) => join(secrets, this.name, name);
    const database = new URL(servers.postgresUrl);
    database.username = `strongroom_${this.name.replaceAll('-', '_')}`;
    database.password = '';
    const rpcUrls = [...places].map(([service, all]) => [
      `STRONGROOM_${constant(service)}_RPC_URL`,
      all.map(({ rpcPort }) => `http://127.0.0.1:${rpcPort}`).join(','),
    ]);
    return {
      ...shared,
      ...(Object.fromEntries(rpcUrls) as Record<string, string>),
      STRONGROOM_PORT: String(this.place.port),
      STRONGROOM_RPC_PORT: String(this.place.rpcPort),
      STRONGROOM_METRICS_PORT: String(this.place.metricsPort),
      [`STRONGROOM_${constant(this.name)}_DATABASE_URL`]: database.href,
      STRONGROOM_DATABASE_PASSWORD_FILE: file('database-password'),
      STRONGROOM_SERVICE_KEY_FILE: file('service-key.pem'),
      STRONGROOM_SERVICE_KEYS_FILE: file('service-keys.json'),
      ...(this.name === 'tokensets' || this.name === 'identity'
        ? { STRONGROOM_MASTER_KEYS_FILE: file('master-keys') }
        : {}),
      ...(this.name === 'tokensets' ? { STRONGROOM_SPILL_DIR: file(`spill-${this.place.port}`) } : {}),
      ...(this.name === 'identity'
        ? {
            STRONGROOM_MANAGEMENT_CLIENT_ID_FILE: file('management-client-id'),
            STRONGROOM_MANAGEMENT_CLIENT_SECRET_FILE: file('management-client-secret'),
            STRONGROOM_ADMIN_EMAIL_FILE: file('administrator-email'),
            STRONGROOM_ADMIN_PASSWORD_FILE: file('administrator-password'),
          }
        : {}),
    };
  }
}

const constant = (service: string): string => service.replaceAll('-', '_').toUpperCase();
