import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child, freePort } from './child.js';
import { Http } from './http.js';
import type { InstallationAddress } from './installation.js';

const START_SECONDS = 90;

/** The built standalone server in a process of its own, on a data directory that can outlive it. */
export class Server {
  private child: Child | undefined;
  /** All that its processes have said. */
  private said = '';
  private notReady = '';

  private constructor(
    readonly dataDir: string,
    private readonly port: number,
    private readonly simulatorUrl: string,
    private readonly environment: Record<string, string>,
  ) {}

  static async start(simulatorUrl: string, environment: Record<string, string> = {}): Promise<Server> {
    // Not under a directory that only we may enter: as root, Postgres runs as somebody else.
    const dataDir = await mkdtemp('/var/tmp/strongroom-flow-');
    const server = new Server(dataDir, await freePort(), simulatorUrl, environment);
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

  /** What Node holds of the machine's memory; Linux only. */
  residentMebibytes(): number {
    const status = readFileSync(`/proc/${this.child?.pid}/status`, 'utf8');
    return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
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
      ...(this.hasTls ? { caFile: join(this.dataDir, 'tls/ca.pem') } : {}),
    };
  }

  /** Starts, or starts again on the same data. */
  async start({ ownGroup = false } = {}): Promise<void> {
    this.said += this.child?.output ?? '';
    const environment = {
      STRONGROOM_PORT: String(this.port),
      STRONGROOM_PUBLIC_URL: this.url,
      STRONGROOM_DATA_DIR: this.dataDir,
      STRONGROOM_TLS: 'generate',
      STRONGROOM_EGRESS_ALLOW: new URL(this.simulatorUrl).origin,
      ...this.environment,
    };
    this.child = new Child('standalone', environment, ownGroup);
    const child = this.child;
    for (const end = performance.now() + START_SECONDS * 1000; performance.now() < end; await sleep(100)) {
      if (child.hasEnded) throw new Error(`The server ended while it started:\n${child.output}`);
      if (await this.isReady()) return;
    }
    await child.end('SIGTERM');
    throw new Error(`Not ready after ${START_SECONDS} s (${this.notReady}):\n${child.output}`);
  }

  /** Ends it in order; the exit code. */
  async stop(): Promise<number | null> {
    return this.child ? this.child.end('SIGTERM') : null;
  }

  /** Ctrl-C, after a start with `ownGroup`; the exit code. */
  async interrupt(): Promise<number | null> {
    return this.child ? this.child.interrupt() : null;
  }

  async kill(): Promise<void> {
    await this.child?.end('SIGKILL');
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  private async isReady(): Promise<boolean> {
    try {
      const http = new Http(this.address.caFile);
      const { status } = await http.send(`${this.url}/readyz`).finally(() => http.close());
      this.notReady = `/readyz answered ${status}`;
      return status === 200;
    } catch (error) {
      this.notReady = error instanceof Error ? error.message : String(error);
      return false;
    }
  }
}
