import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyCluster, freePort, quickDirectory } from '@strongroom/testing';
import pg from 'pg';
import { Child } from './child.js';
import { makeClientAuthority } from './client-certificates.js';
import type { InstallationAddress } from './installation.js';
import { residentMebibytes, UNLIMITED, untilReady } from './processes.js';
import type { Server } from './server.js';
import { simulatedProvidersFile } from './simulated-catalogue.js';

/** The built standalone server in a process of its own, on a data directory that can outlive it. */
export class StandaloneServer implements Server {
  private child: Child | undefined;
  private said = '';

  private constructor(
    readonly dataDir: string,
    private readonly port: number,
    private readonly metricsPort: number,
    private readonly simulatorUrl: string,
    private readonly environment: Record<string, string>,
    private readonly clientAuthorityFile: string,
  ) {}

  /** @param isThrownAway whether its database begins as a copy, and does not wait for its disk */
  static async start(
    simulatorUrl: string,
    environment: Record<string, string> = {},
    { isThrownAway = false } = {},
  ): Promise<StandaloneServer> {
    // Not under a directory that only we may enter: as root, Postgres runs as somebody else.
    const dataDir = await (isThrownAway ? quickDirectory('flow') : mkdtemp('/var/tmp/strongroom-flow-'));
    if (isThrownAway) await beginWithCopy(dataDir);
    const server = new StandaloneServer(
      dataDir,
      await freePort(),
      await freePort(),
      simulatorUrl,
      environment,
      await makeClientAuthority(dataDir),
    );
    await server.start();
    return server;
  }

  get url(): string {
    return `${this.hasTls ? 'https' : 'http'}://localhost:${this.port}`;
  }

  /** On unless the environment says `STRONGROOM_TLS: ''`. */
  private get hasTls(): boolean {
    return this.environment['STRONGROOM_TLS'] !== '';
  }

  residentMebibytes(): Record<string, number> {
    return { standalone: residentMebibytes(this.child?.pid) };
  }

  get metricsUrls(): string[] {
    return [`http://127.0.0.1:${this.metricsPort}/metrics`];
  }

  get output(): string {
    return this.said + (this.child?.output ?? '');
  }

  get address(): InstallationAddress {
    const kept = readFileSync(join(this.dataDir, 'management'), 'utf8');
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(kept)?.[1] ?? '';
    return {
      url: this.url,
      managementClientId: value('STRONGROOM_MANAGEMENT_CLIENT_ID'),
      managementClientSecret: value('STRONGROOM_MANAGEMENT_CLIENT_SECRET'),
      simulatorUrl: this.simulatorUrl,
      ...(this.hasTls
        ? { caFile: join(this.dataDir, 'tls/ca.pem'), clientAuthorityFile: this.clientAuthorityFile }
        : {}),
    };
  }

  async start({ ownGroup = false } = {}): Promise<void> {
    this.said += this.child?.output ?? '';
    const environment = {
      STRONGROOM_PORT: String(this.port),
      STRONGROOM_PUBLIC_URL: this.url,
      STRONGROOM_METRICS_PORT: String(this.metricsPort),
      STRONGROOM_DATA_DIR: this.dataDir,
      STRONGROOM_TLS: 'generate',
      ...(this.hasTls
        ? { STRONGROOM_TLS_CLIENT_CERTS: 'ask', STRONGROOM_CLIENT_CERT_CA_FILE: this.clientAuthorityFile }
        : {}),
      ...UNLIMITED,
      STRONGROOM_EGRESS_ALLOW: new URL(this.simulatorUrl).origin,
      ...(await this.simulatedProviders()),
      ...this.environment,
    };
    this.child = Child.app('standalone', environment, { ownGroup });
    await untilReady(this.child, `${this.url}/readyz`, () => this.address.caFile);
  }

  /** Unless the server brings a simulator of its own. */
  private async simulatedProviders(): Promise<Record<string, string>> {
    if (this.environment['STRONGROOM_SIMULATOR'] === 'on') return {};
    return { STRONGROOM_PROVIDERS_FILE: await simulatedProvidersFile(this.simulatorUrl, this.dataDir) };
  }

  async stop(): Promise<number | null> {
    return this.child ? this.child.end('SIGTERM') : null;
  }

  async interrupt(): Promise<number | null> {
    return this.child ? this.child.interrupt() : null;
  }

  async kill(): Promise<void> {
    await this.child?.end('SIGKILL');
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async database(): Promise<pg.Client> {
    const port = readFileSync(join(this.dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[3];
    const password = readFileSync(join(this.dataDir, 'postgres-password'), 'utf8').trim();
    const client = new pg.Client({ connectionString: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` });
    await client.connect();
    return client;
  }

  elsewhere(): Promise<Map<string, Buffer>> {
    return Promise.resolve(new Map<string, Buffer>());
  }

  plant(): Promise<void> {
    return Promise.reject(new Error('standalone has no topics and no Redis'));
  }
}

/** No key is made for a database that is there: it has one. */
async function beginWithCopy(dataDir: string): Promise<void> {
  await copyCluster(dataDir);
  await writeFile(join(dataDir, 'master-keys'), `local-1:${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
}
