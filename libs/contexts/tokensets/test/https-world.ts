import { Egress } from '@strongroom/egress';
import { TestAuthority } from '@strongroom/testing/certificates';
import { OpenidProvider } from './openid-provider.js';

/** Providers by name, over HTTPS, all on one listener of this machine. */
export class HttpsWorld {
  private constructor(
    readonly server: OpenidProvider,
    readonly egress: Egress,
  ) {}

  /** `hosts` are names that lead to the listener. */
  static async start(hosts: readonly string[]): Promise<HttpsWorld> {
    const authority = await TestAuthority.make();
    const server = await OpenidProvider.start(
      await authority.issue('CN=Test provider', { names: ['idp.example', ...hosts] }),
    );
    const egress = new Egress({
      allow: ['http://127.0.0.1:*', ...['idp.example', ...hosts].map((host) => `https://${host}:${server.port}`)],
      ca: [authority.pem],
      resolve: () => Promise.resolve(['127.0.0.1']),
    });
    return new HttpsWorld(server, egress);
  }

  at(host: string, path: string): string {
    return `https://${host}:${this.server.port}${path}`;
  }

  /** Hosts that were called, in order. */
  hosts(): string[] {
    return this.server.calls.map(({ host }) => host);
  }

  /** Answers every token request at any host with a new pair. */
  issue(more: () => Record<string, unknown> = () => ({})): void {
    let serial = 0;
    this.server.routes['/token'] = () => {
      serial += 1;
      const tokens = { access_token: `cnry_at_${serial}`, refresh_token: `cnry_rt_${serial}`, token_type: 'bearer' };
      return { status: 200, body: { ...tokens, expires_in: 3600, ...more() } };
    };
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}
