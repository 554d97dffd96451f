import { challengeOf } from '../src/secrets.js';
import { startSimulator, type Simulator } from '../src/simulator.js';

export const VERIFIER = 'v'.repeat(43);
const REDIRECT = 'https://app.example/callback';

export interface Tokens {
  access_token: string;
  refresh_token: string;
  [member: string]: unknown;
}

/** What controls answer; each member only where it belongs. */
export interface Controlled {
  settings: Record<string, unknown>;
  alive: boolean;
  secrets: string[];
  clientSecret: string;
  grants: object[];
  tokenRequests: { refresh_token: number };
  committed: { refresh_token: number };
  journal: { path: string }[];
}

/** An app that uses one simulated provider, and a clock that only moves when told. */
export class TestClient {
  static elapsedMs = 0;
  readonly url: string;

  private constructor(
    readonly simulator: Simulator,
    readonly name: string,
  ) {
    this.url = `${simulator.origin}/${name}`;
  }

  static async start(): Promise<Simulator> {
    return startSimulator({ port: 0, now: () => Date.UTC(2026, 0, 1) + TestClient.elapsedMs });
  }

  static async of(simulator: Simulator, name: string, settings: object = {}): Promise<TestClient> {
    const client = new TestClient(simulator, name);
    await client.control('PUT', '', settings);
    return client;
  }

  async control(method: string, what: string, body?: object): Promise<{ status: number; json: Controlled }> {
    const path = what ? `/${what}` : '';
    const answer = await fetch(`${this.simulator.origin}/_control/${this.name}${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: answer.status, json: (await answer.json()) as Controlled };
  }

  state = async () => (await this.control('GET', 'state')).json;

  authorizeUrl(more: Record<string, string | null> = {}): string {
    const asked: Record<string, string | null> = {
      response_type: 'code',
      client_id: 'simulated-client',
      redirect_uri: REDIRECT,
      scope: 'read write',
      state: 'a==',
      code_challenge: challengeOf(VERIFIER),
      code_challenge_method: 'S256',
      ...more,
    };
    const query = Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== null);
    return `${this.url}/authorize?${new URLSearchParams(query).toString()}`;
  }

  /** Where the browser is sent. */
  async authorize(more: Record<string, string | null> = {}): Promise<URL> {
    const answer = await fetch(this.authorizeUrl({ auto: 'accept', ...more }), { redirect: 'manual' });
    return new URL(answer.headers.get('location')!);
  }

  async token(form: Record<string, string>, headers: Record<string, string> = {}) {
    const credentials: Record<string, string> = headers['authorization']
      ? {}
      : { client_id: 'simulated-client', client_secret: 'cnry_cs_simulated' };
    const answer = await fetch(`${this.url}/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ ...credentials, ...form }),
    });
    return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Tokens };
  }

  redeem = (code: string, more: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    this.token(
      { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: VERIFIER, ...more },
      headers,
    );

  async connect(more: Record<string, string | null> = {}): Promise<Tokens> {
    const code = (await this.authorize(more)).searchParams.get('code')!;
    return (await this.redeem(code)).json;
  }

  refresh = (refresh_token: string, more: Record<string, string> = {}) =>
    this.token({ grant_type: 'refresh_token', refresh_token, ...more });

  async reads(accessToken: string): Promise<number> {
    return (await fetch(`${this.url}/api/messages`, { headers: { authorization: `Bearer ${accessToken}` } })).status;
  }
}
