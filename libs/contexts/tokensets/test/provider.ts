import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenCall {
  grant: string;
  code: string | null;
  refreshToken: string | null;
  clientSecret: string | null;
  scope: string | null;
}

export type Answer = { status: number; body: unknown; headers?: Record<string, string> } | 'reset';
/** What no well-behaved server sends is written by hand. */
export type RawAnswer = (response: ServerResponse) => void;
type Scripted = Answer | RawAnswer | undefined;
type Script<T extends unknown[]> = (...of: T) => Scripted | Promise<Scripted>;

/** An OAuth provider over real HTTP. Rotates its refresh tokens; an old one kills the grant once its grace is over. */
export class Provider {
  readonly calls: TokenCall[] = [];
  identityCalls = 0;
  /** Runs before the provider acts; an answer replaces its own. */
  before: Script<[TokenCall]> = () => undefined;
  /** Runs after the provider acted; an answer replaces its own. */
  after: Script<[TokenCall, Answer]> = () => undefined;
  identity: () => Answer = () => ({ status: 200, body: { sub: this.subject, email: `${this.subject}@example.com` } });
  subject = 'upstream-1';
  graceMs = 0;
  /** Undefined: answers name no lifetime. */
  expiresIn: number | undefined = 3600;
  /** What else there is, by path. */
  readonly pages = new Map<string, (form: URLSearchParams) => Answer | RawAnswer>();
  /** False: refresh answers carry no refresh token. */
  rotates = true;
  /** False: no refresh token at all. */
  isOffline = true;
  scope: string | undefined = 'read write';
  private serial = 0;
  private readonly live = new Map<string, { replacedAt: number | null; grant: { isDead: boolean } }>();

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    readonly url: string,
  ) {}

  static async start(): Promise<Provider> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const provider = new Provider(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request, response) => void provider.handle(request, response));
    return provider;
  }

  get refreshes(): TokenCall[] {
    return this.calls.filter(({ grant }) => grant === 'refresh_token');
  }

  /** Serial number inside a token of ours; the newest one made is the highest. */
  static serialOf(token: string): number {
    return Number(token.split('_').at(-1));
  }

  get newest(): number {
    return this.serial;
  }

  isLive(refreshToken: string): boolean {
    const known = this.live.get(refreshToken);
    return known !== undefined && !known.grant.isDead && known.replacedAt === null;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.url === '/me') {
      this.identityCalls += 1;
      return this.send(response, this.identity());
    }
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const page = this.pages.get(request.url!);
    if (page) return this.send(response, page(form));
    const call = {
      grant: form.get('grant_type') ?? '',
      code: form.get('code'),
      refreshToken: form.get('refresh_token'),
      clientSecret: form.get('client_secret'),
      scope: form.get('scope'),
    };
    this.calls.push(call);
    const instead = await this.before(call);
    if (instead) return this.send(response, instead);
    const answer = call.grant === 'refresh_token' ? this.refresh(call.refreshToken!) : this.tokens({ isDead: false });
    this.send(response, (await this.after(call, answer)) ?? answer);
  }

  private refresh(token: string): Answer {
    const known = this.live.get(token);
    const isReplay = known?.replacedAt !== null && Date.now() - (known?.replacedAt ?? 0) >= this.graceMs;
    if (known && isReplay) known.grant.isDead = true;
    if (!known || known.grant.isDead) return { status: 400, body: { error: 'invalid_grant' } };
    if (this.rotates) known.replacedAt ??= Date.now();
    return this.tokens(known.grant, this.rotates);
  }

  private tokens(grant: { isDead: boolean }, withRefreshToken = true): Answer {
    this.serial += 1;
    const refreshToken = `cnry_rt_${this.serial}`;
    if (withRefreshToken && this.isOffline) this.live.set(refreshToken, { replacedAt: null, grant });
    return {
      status: 200,
      body: {
        access_token: `cnry_at_${this.serial}`,
        token_type: 'bearer',
        expires_in: this.expiresIn,
        ...(withRefreshToken && this.isOffline ? { refresh_token: refreshToken } : {}),
        ...(this.scope === undefined ? {} : { scope: this.scope }),
      },
    };
  }

  private send(response: ServerResponse, answer: Answer | RawAnswer): void {
    if (typeof answer === 'function') return answer(response);
    if (answer === 'reset') {
      response.destroy();
      return;
    }
    const isText = typeof answer.body === 'string';
    response.writeHead(answer.status, { 'content-type': isText ? 'text/html' : 'application/json', ...answer.headers });
    response.end(isText ? (answer.body as string) : JSON.stringify(answer.body));
  }
}
