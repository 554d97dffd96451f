import { Http, type Answer, type Json } from './http.js';

export interface InstallationAddress {
  url: string;
  managementClientId: string;
  managementClientSecret: string;
  simulatorUrl: string;
  caFile?: string;
  /** Of the authority that is believed about clients, where mTLS is offered; its key lies beside. */
  clientAuthorityFile?: string;
}

/** Members of the environment by which flow specs learn where the installation is. */
const NAMES: Record<keyof InstallationAddress, string> = {
  url: 'STRONGROOM_TEST_URL',
  managementClientId: 'STRONGROOM_TEST_MANAGEMENT_CLIENT_ID',
  managementClientSecret: 'STRONGROOM_TEST_MANAGEMENT_CLIENT_SECRET',
  simulatorUrl: 'STRONGROOM_TEST_SIMULATOR_URL',
  caFile: 'STRONGROOM_TEST_CA_FILE',
  clientAuthorityFile: 'STRONGROOM_TEST_CLIENT_CA_FILE',
};

export const addressToEnvironment = (address: InstallationAddress): Record<string, string> =>
  Object.fromEntries(
    Object.entries(NAMES)
      .map(([member, name]) => [name, address[member as keyof InstallationAddress]])
      .filter((pair): pair is [string, string] => pair[1] !== undefined),
  );

export function addressFromEnvironment(): InstallationAddress {
  const needed = (member: keyof InstallationAddress): string => {
    const value = process.env[NAMES[member]];
    if (!value) throw new Error(`${NAMES[member]} is not set, although STRONGROOM_TEST_URL is: set them all.`);
    return value;
  };
  const caFile = process.env[NAMES.caFile];
  const clientAuthorityFile = process.env[NAMES.clientAuthorityFile];
  return {
    url: needed('url').replace(/\/$/, ''),
    managementClientId: needed('managementClientId'),
    managementClientSecret: needed('managementClientSecret'),
    simulatorUrl: needed('simulatorUrl'),
    ...(caFile ? { caFile } : {}),
    ...(clientAuthorityFile ? { clientAuthorityFile } : {}),
  };
}

/** One running Strongroom, as somebody sees it who knows its address and the management credentials. */
export class Installation {
  readonly http: Http;
  readonly url: string;
  readonly myAccountAudience: string;
  private managementToken: Promise<string> | undefined;

  constructor(readonly address: InstallationAddress) {
    this.http = new Http(address.caFile);
    this.url = address.url;
    this.myAccountAudience = `${address.url}/me/`;
  }

  /** Host and port: what libraries call the domain. */
  get domain(): string {
    return new URL(this.url).host;
  }

  static fromEnvironment(): Installation {
    return new Installation(addressFromEnvironment());
  }

  /** A call of the Management API with every scope. */
  async management(method: string, path: string, body?: unknown): Promise<Answer> {
    this.managementToken ??= this.newManagementToken();
    const authorization = `Bearer ${await this.managementToken}`;
    return this.http.sendJson(method, `${this.url}/api/v2${path}`, body, { authorization });
  }

  /** With these scopes and no other. */
  async managementAs(scopes: readonly string[], method: string, path: string): Promise<Answer> {
    const authorization = `Bearer ${await this.newManagementToken({ scope: scopes.join(' ') })}`;
    return this.http.sendJson(method, `${this.url}/api/v2${path}`, undefined, { authorization });
  }

  /** The same for set-up: anything but a success stops the test with what was answered. */
  async manage<T extends object = Json>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.management(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} /api/v2${path} answered ${answer.status}: ${answer.text}`);
    return answer.json as T;
  }

  /** The token sets of a person, as administrators see them: a bare array. */
  async tokensets(userId: string): Promise<Json[]> {
    const path = `/users/${encodeURIComponent(userId)}/federated-connections-tokensets`;
    const answer = await this.management('GET', path);
    if (answer.status !== 200) throw new Error(`GET /api/v2${path} answered ${answer.status}: ${answer.text}`);
    return answer.list;
  }

  /** A call under `/me/v1/connected-accounts`. */
  me(token: string, method: string, path: string, body?: unknown): Promise<Answer> {
    const url = `${this.url}/me/v1/connected-accounts${path}`;
    return this.http.sendJson(method, url, body, { authorization: `Bearer ${token}` });
  }

  token(form: Record<string, string>, headers?: Record<string, string>): Promise<Answer> {
    return this.http.sendForm(`${this.url}/oauth/token`, form, headers);
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private async newManagementToken(more: Record<string, string> = {}): Promise<string> {
    const answer = await this.token({
      grant_type: 'client_credentials',
      audience: `${this.url}/api/v2/`,
      client_id: this.address.managementClientId,
      client_secret: this.address.managementClientSecret,
      ...more,
    });
    if (answer.status !== 200) throw new Error(`No Management token: ${answer.status} ${answer.text}`);
    return String(answer.json['access_token']);
  }
}
