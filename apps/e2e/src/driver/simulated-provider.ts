import type { Json } from './http.js';
import type { Installation } from './installation.js';
import { newVerifier, unique } from './unique.js';

export interface ProviderState {
  authorizeCalls: number;
  userinfoCalls: number;
  apiCalls: number;
  tokenRequests: { authorization_code: number; refresh_token: number; other: number };
  committed: { authorization_code: number; refresh_token: number };
  liveRefreshTokens: number;
  deadRefreshTokens: number;
  liveGrants: number;
  presentationsOfReplaced: number;
  callsAfterDeath: number;
  journal: { path: string; sent: Record<string, string> }[];
}

/** One provider of the simulator, for one test alone. */
export class SimulatedProvider {
  readonly clientId: string;
  readonly clientSecret: string;

  private constructor(
    private readonly installation: Installation,
    readonly name: string,
  ) {
    this.clientId = `app-at-${name}`;
    this.clientSecret = `cnry_cs_${newVerifier()}`;
  }

  static async create(installation: Installation, settings: Json = {}): Promise<SimulatedProvider> {
    const provider = new SimulatedProvider(installation, unique('provider'));
    await provider.control('PUT', '', {
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      ...settings,
    });
    return provider;
  }

  get url(): string {
    return `${this.installation.address.simulatorUrl}/${this.name}`;
  }

  /** Only what is said changes. */
  change(settings: Json): Promise<Json> {
    return this.control('PATCH', '', settings);
  }

  fault(fault: Json): Promise<Json> {
    return this.control('POST', '/faults', fault);
  }

  /** Takes all faults back. */
  mend(): Promise<Json> {
    return this.control('DELETE', '/faults');
  }

  /** The person takes back what they allowed, in the provider's own settings. */
  revoke(): Promise<Json> {
    return this.control('POST', '/revoke', {});
  }

  /** Every access token that it has issued is over. */
  expire(): Promise<Json> {
    return this.control('POST', '/expire', {});
  }

  state(): Promise<ProviderState> {
    return this.control<ProviderState>('GET', '/state');
  }

  async refreshes(): Promise<number> {
    return (await this.state()).tokenRequests.refresh_token;
  }

  async secrets(): Promise<string[]> {
    return (await this.control('GET', '/secrets'))['secrets'] as string[];
  }

  /** Whom the provider's own API takes the token for; null if it refuses it. */
  async owner(accessToken: string): Promise<string | null> {
    const headers = { authorization: `Bearer ${accessToken}` };
    const answer = await this.installation.http.send(`${this.url}/api/messages`, { headers });
    return answer.status === 200 ? String(answer.json['account']) : null;
  }

  private async control<T extends object = Json>(method: string, what: string, body?: Json): Promise<T> {
    const url = `${this.installation.address.simulatorUrl}/_control/${this.name}${what}`;
    const answer = await this.installation.http.sendJson(method, url, body);
    if (answer.status !== 200) throw new Error(`The simulator answered ${answer.status}: ${answer.text}`);
    return answer.json as T;
  }
}
