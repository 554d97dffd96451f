import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from './http.js';
import type { Installation } from './installation.js';
import { type Client, enable } from './set-up.js';
import { unique } from './unique.js';

/** Catalogue or fixture files that the tests are to take beside the shipped ones. */
export const furtherFiles = (variable: string): string[] =>
  (process.env[variable] ?? '').split(',').filter((file) => file !== '');

/** Files of entries, for `STRONGROOM_PROVIDERS_FILE`, that have every provider of the catalogue at the simulator. */
export async function simulatedProvidersFile(simulatorUrl: string, directory: string): Promise<string> {
  const answer = await fetch(`${simulatorUrl}/_providers.json`);
  if (!answer.ok) throw new Error(`The simulator has no overlay: ${answer.status}`);
  const file = join(directory, 'simulated-providers.json');
  // Nobody else may read what lies in a data directory.
  await writeFile(file, await answer.text(), { mode: 0o600 });
  return [...furtherFiles('STRONGROOM_PROVIDERS_FILE'), file].join(',');
}

/** One provider of the catalogue as the simulator plays it; there is one of each, so a test has it to itself. */
export class CatalogueProvider {
  /** Whom each of them knows from its start. */
  static readonly client = { clientId: 'simulated-client', clientSecret: 'cnry_cs_simulated' };

  constructor(
    private readonly installation: Installation,
    readonly id: string,
  ) {}

  static async all(installation: Installation): Promise<CatalogueProvider[]> {
    const { json } = await installation.http.send(`${installation.address.simulatorUrl}/_providers.json`);
    return Object.keys(json['providers'] as Json).map((id) => new CatalogueProvider(installation, id));
  }

  /** A connection made as an administrator would, to a provider where people say yes by themselves. */
  async connection(clients: Client[], settings: Json = {}): Promise<{ id: string; name: string }> {
    const { connectionOptions } = await this.control('GET', '');
    const name = unique(`at-${this.id}`);
    const made = await this.installation.manage('POST', '/connections', {
      name,
      strategy: this.id,
      authentication: { active: false },
      // Of a provider that nobody asks, the connection says so itself.
      connected_accounts: { active: true, allow_missing_user_id: true },
      options: {
        client_id: CatalogueProvider.client.clientId,
        client_secret: CatalogueProvider.client.clientSecret,
        ...(connectionOptions as Json),
      },
    });
    await enable(this.installation, String(made['id']), clients);
    const redirectUris = [`${this.installation.url}/connect/callback/${name}`];
    await this.control('PATCH', '', { auto: 'accept', redirectUris, ...settings });
    return { id: String(made['id']), name };
  }

  /** Whether its answers bring refresh tokens. */
  async isRefreshable(): Promise<boolean> {
    const { settings } = await this.control('GET', '');
    return (settings as Json)['issueRefreshToken'] === true;
  }

  async refreshes(): Promise<number> {
    return ((await this.control('GET', '/state'))['committed'] as { refresh_token: number }).refresh_token;
  }

  /** How its own API answers to the token. */
  async apiStatus(accessToken: unknown): Promise<number> {
    const headers = { authorization: `Bearer ${String(accessToken)}` };
    const url = `${this.installation.address.simulatorUrl}/${this.id}/_api/me`;
    return (await this.installation.http.send(url, { headers })).status;
  }

  async control(method: string, what: string, body?: Json): Promise<Json> {
    const url = `${this.installation.address.simulatorUrl}/_control/${this.id}${what}`;
    const answer = await this.installation.http.sendJson(method, url, body);
    if (answer.status !== 200) throw new Error(`The simulator answered ${answer.status}: ${answer.text}`);
    return answer.json;
  }
}
