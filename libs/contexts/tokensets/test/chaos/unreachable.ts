import { Egress } from '@strongroom/egress';
import { TestAuthority } from '@strongroom/testing/certificates';
import { OpenidProvider } from '../openid-provider.js';

const HOST = 'idp.example';
const DAY_MS = 86_400_000;

/** A provider by name over HTTPS whose name, address and certificate can go wrong. */
export class UnreachableProvider {
  private serial = 0;
  private resolve: () => Promise<string[]> = () => Promise.resolve(['127.0.0.1']);

  private constructor(
    private readonly authority: TestAuthority,
    readonly server: OpenidProvider,
  ) {
    server.routes['/token'] = () => {
      this.serial += 1;
      const tokens = { access_token: `cnry_at_${this.serial}`, refresh_token: `cnry_rt_${this.serial}` };
      return { status: 200, body: { ...tokens, token_type: 'bearer', expires_in: 3600 } };
    };
  }

  static async start(): Promise<UnreachableProvider> {
    const authority = await TestAuthority.make();
    return new UnreachableProvider(
      authority,
      await OpenidProvider.start(await authority.issue('CN=Test provider', { names: [HOST] })),
    );
  }

  get egress(): Egress {
    return new Egress({
      allow: ['http://127.0.0.1:*', `https://${HOST}:${this.server.port}`],
      ca: [this.authority.pem],
      resolve: () => this.resolve(),
    });
  }

  get sends(): number {
    return this.server.calls.filter(({ path }) => path === '/token').length;
  }

  /** Each in a way of its own; no byte of a request leaves. */
  readonly outages: Readonly<Record<string, () => void | Promise<void>>> = {
    'a name that is not found': () => this.failToResolve('ENOTFOUND'),
    'a resolver that is away': () => this.failToResolve('EAI_AGAIN'),
    'a name without an address': () => void (this.resolve = () => Promise.resolve([])),
    'an address where nobody listens': () => void (this.resolve = () => Promise.resolve(['127.0.0.2'])),
    'a certificate of another name': async () =>
      this.server.show(await this.authority.issue('CN=Test provider', { names: ['other.example'] })),
    'a certificate that is over': async () =>
      this.server.show(
        await this.authority.issue('CN=Test provider', { names: [HOST], until: new Date(Date.now() - DAY_MS / 2) }),
      ),
    'a certificate of nobody we know': async () =>
      this.server.show(await (await TestAuthority.make()).issue('CN=Test provider', { names: [HOST] })),
  };

  async mend(): Promise<void> {
    this.resolve = () => Promise.resolve(['127.0.0.1']);
    this.server.show(await this.authority.issue('CN=Test provider', { names: [HOST] }));
  }

  private failToResolve(code: string): void {
    this.resolve = () => Promise.reject(Object.assign(new Error(`getaddrinfo ${code} ${HOST}`), { code }));
  }
}

export const OUTAGES = [
  'a name that is not found',
  'a resolver that is away',
  'a name without an address',
  'an address where nobody listens',
  'a certificate of another name',
  'a certificate that is over',
  'a certificate of nobody we know',
];
