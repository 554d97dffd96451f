import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ServiceName } from '@strongroom/contracts';
import { Child, ROOT } from './child.js';
import { Http } from './http.js';
import type { Place } from './service-process.js';

const run = promisify(execFile);

/** In which it hands on what a client shows. */
export const CLIENT_CERT_HEADER = 'X-Client-Cert';

/** The edge as it is shipped, `docker/Caddyfile`, before processes on loopback ports. */
export class Edge {
  readonly url: string;
  private child: Child | undefined;

  constructor(
    private readonly port: number,
    private readonly dataDir: string,
    private readonly places: ReadonlyMap<ServiceName, readonly Place[]>,
  ) {
    this.url = `https://localhost:${port}`;
  }

  get output(): string {
    return this.child?.output ?? '';
  }

  async start(): Promise<void> {
    const caddy = process.env['STRONGROOM_TEST_CADDY'] ?? 'caddy';
    if (!(await isThere(caddy)))
      throw new Error('The distributed suite needs Caddy: install it, or set STRONGROOM_TEST_CADDY to its path.');
    const home = join(this.dataDir, 'caddy');
    await mkdir(home, { recursive: true });
    const upstreams = [...this.places].map(([service, all]) => [
      `STRONGROOM_${service.replaceAll('-', '_').toUpperCase()}_UPSTREAM`,
      all.map(({ port }) => `127.0.0.1:${port}`).join(' '),
    ]);
    const environment = {
      HOME: home,
      XDG_DATA_HOME: home,
      XDG_CONFIG_HOME: home,
      ...(Object.fromEntries(upstreams) as Record<string, string>),
      STRONGROOM_EDGE_ADDRESS: `${this.url}, https://mtls.localhost:${this.port}`,
      STRONGROOM_EDGE_CLIENT_CERTS: 'ask',
      STRONGROOM_CLIENT_CERT_HEADER: CLIENT_CERT_HEADER,
      STRONGROOM_EDGE_FILES: join(ROOT, 'docs'),
      STRONGROOM_EDGE_DASHBOARD: join(ROOT, 'apps/dashboard/dist'),
      STRONGROOM_EDGE_TLS: `${join(this.dataDir, 'tls/server.pem')} ${join(this.dataDir, 'tls/server.key')}`,
    };
    const parameters = ['run', '--config', join(ROOT, 'docker/Caddyfile'), '--adapter', 'caddyfile'];
    this.child = new Child(caddy, environment, { parameters });
    for (;;) {
      if (this.child.hasEnded) throw new Error(`The edge ended while it started:\n${this.child.output}`);
      const http = new Http(join(this.dataDir, 'tls/ca.pem'));
      const status = await http.send(`${this.url}/.well-known/openid-configuration`).then(
        (answer) => answer.status,
        () => 0,
      );
      await http.close();
      if (status === 200) return;
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    await this.child?.end();
  }
}

const isThere = (program: string): Promise<boolean> =>
  run('sh', ['-c', 'command -v "$0"', program]).then(
    () => true,
    () => false,
  );
