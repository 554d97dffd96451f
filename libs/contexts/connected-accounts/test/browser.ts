import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { challengeOf, hashOf, newSecret } from '../src/connect/secrets.js';
import { APP, type Bench, type HttpAnswer } from './connect-bench.js';

/** A browser profile: its cookies, and who is signed in. */
export class Browser {
  readonly cookies = new Map<string, string>();

  constructor(
    private readonly bench: Bench,
    public person: PersonView | null,
  ) {}

  get(url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET'): Promise<HttpAnswer> {
    return this.keep(this.bench.send(method, url, { headers: { ...headers, ...this.cookieHeader() } }));
  }

  post(
    url: string,
    form: Record<string, string> | [string, string][],
    headers: Record<string, string> = {},
  ): Promise<HttpAnswer> {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams(form).toString();
    return this.keep(this.bench.send('POST', url, { headers: { ...type, ...headers, ...this.cookieHeader() }, body }));
  }

  /** Follows redirects among our own pages; at `/authorize` whoever is signed in passes at once. */
  async visit(url: string): Promise<HttpAnswer> {
    let answer = await this.get(url);
    for (let n = 0; answer.status === 303 && answer.location.startsWith(this.bench.publicUrl.origin); n++) {
      if (n === 10) throw new Error('redirected in a circle');
      const next = answer.location.startsWith(this.bench.publicUrl.of('/authorize'))
        ? this.bench.signIn.authorize(answer.location, this.person!)
        : answer.location;
      answer = await this.get(next);
    }
    return answer;
  }

  /** Presses a button of the page's one form. */
  press(page: HttpAnswer, action: 'accept' | 'deny', headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.post(
      /<form method="post" action="([^"]+)"/.exec(page.body)![1]!,
      { csrf: csrfOf(page), action },
      headers,
    );
  }

  private async keep(answering: Promise<HttpAnswer>): Promise<HttpAnswer> {
    const answer = await answering;
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (line.includes('Max-Age=0')) this.cookies.delete(name!);
      else this.cookies.set(name!, value!);
    }
    return answer;
  }

  private cookieHeader(): Record<string, string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return cookie ? { cookie } : {};
  }
}

export const csrfOf = (page: HttpAnswer): string => /name="csrf" value="([^"]+)"/.exec(page.body)![1]!;

/** One connect flow of one person, step by step. */
export class Flow {
  authSession = '';
  ticketUrl = '';
  sessionId = '';
  page!: HttpAnswer;
  atProvider!: URL;
  callbackUrl = '';
  /** Where the browser is sent when it comes back. */
  cameTo = '';
  connectCode = '';
  readonly verifier = newSecret();
  readonly code = `cnry_code_${newSecret()}`;

  constructor(
    readonly bench: Bench,
    readonly client: ClientView,
    readonly connection: ConnectionView,
    readonly person: PersonView,
    readonly browser = new Browser(bench, person),
    readonly redirectUri = APP,
    readonly token = bench.token(person, client),
  ) {}

  async begin(more: Record<string, unknown> = {}): Promise<this> {
    const answer = await this.bench.call('POST', '/me/v1/connected-accounts/connect', this.token, {
      connection: this.connection.name,
      redirect_uri: this.redirectUri,
      state: 'st==',
      code_challenge: challengeOf(this.verifier),
      code_challenge_method: 'S256',
      ...more,
    });
    if (answer.status !== 201) throw new Error(`connect answered ${answer.status}: ${answer.body}`);
    const body = answer.json() as { auth_session: string; connect_uri: string; connect_params: { ticket: string } };
    this.authSession = body.auth_session;
    this.ticketUrl = `${body.connect_uri}?ticket=${body.connect_params.ticket}`;
    const [row] = await this.bench.database.query<{ id: string }[]>(
      'SELECT id FROM connect_sessions WHERE auth_session_hash = $1',
      [hashOf(this.authSession)],
    );
    this.sessionId = row!.id;
    return this;
  }

  async open(): Promise<this> {
    this.page = await this.browser.visit(this.ticketUrl);
    return this;
  }

  async accept(): Promise<this> {
    const answer = await this.browser.press(this.page, 'accept');
    if (answer.status !== 303) throw new Error(`accept answered ${answer.status}`);
    this.atProvider = new URL(answer.location);
    this.callbackUrl = `${this.atProvider.searchParams.get('redirect_uri')}?code=${this.code}&state=${this.state}`;
    return this;
  }

  get state(): string {
    return this.atProvider.searchParams.get('state')!;
  }

  async comeBack(): Promise<this> {
    const answer = await this.browser.get(this.callbackUrl);
    this.cameTo = answer.location;
    this.connectCode = new URL(this.cameTo).searchParams.get('connect_code')!;
    return this;
  }

  /** As far as the app's address with a `connect_code`. */
  async untilCode(more: Record<string, unknown> = {}): Promise<this> {
    await this.begin(more);
    await this.open();
    await this.accept();
    return this.comeBack();
  }

  complete(change: Record<string, unknown> = {}, token = this.token): Promise<HttpAnswer> {
    return this.bench.call('POST', '/me/v1/connected-accounts/complete', token, {
      auth_session: this.authSession,
      connect_code: this.connectCode,
      redirect_uri: this.redirectUri,
      code_verifier: this.verifier,
      ...change,
    });
  }

  async failures(): Promise<unknown[]> {
    return (await this.bench.eventsOf(this.sessionId)).map(({ data }) => data['reason']);
  }

  async dbState(): Promise<unknown> {
    return (await this.bench.session(this.sessionId))['state'];
  }
}
