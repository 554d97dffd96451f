import { Egress, type EgressAnswer, EgressFailedError } from '@strongroom/egress';

export interface ManagementOptions {
  /** Of the installation. */
  url: string;
  clientId: string;
  clientSecret: string;
}

/** The Management API as its own machine-to-machine client sees it. */
export class Management {
  private readonly egress: Egress;
  private token: string | undefined;

  constructor(private readonly options: ManagementOptions) {
    this.egress = new Egress({ allow: [options.url] });
  }

  /** @throws Error that says what to do, unless the answer is a success. */
  async call(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<unknown> {
    this.token ??= await this.newToken();
    const headers = { authorization: `Bearer ${this.token}` };
    const answer = await this.send(method, `/api/v2/${path}`, { headers });
    if (answer.status >= 300) throw new Error(refusalOf(answer));
    return answer.body.length === 0 ? undefined : json(answer);
  }

  private async newToken(): Promise<string> {
    const { url, clientId, clientSecret } = this.options;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      audience: `${url}/api/v2/`,
      client_id: clientId,
      client_secret: clientSecret,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await this.send('POST', '/oauth/token', { headers, body: form.toString() });
    if (answer.status !== 200)
      throw new Error(`the management client is refused: correct its id and secret (${refusalOf(answer)})`);
    return String(json(answer)['access_token']);
  }

  private async send(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    more: { headers: Record<string, string>; body?: string },
  ): Promise<EgressAnswer> {
    const url = `${this.options.url}${path}`;
    try {
      return await this.egress.request({ method, url, timeoutMs: 60_000, ...more });
    } catch (error) {
      if (!(error instanceof EgressFailedError)) throw error;
      const why = error.systemCode ?? error.reason;
      const hint = error.reason === 'tls' ? '; trust its authority with NODE_EXTRA_CA_CERTS' : '';
      throw new Error(`${this.options.url} does not answer (${why}): correct --url, or start it${hint}`, {
        cause: error,
      });
    }
  }
}

function json({ body }: EgressAnswer): Record<string, unknown> {
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    throw new Error('the answer is no JSON: is --url the address of Strongroom?');
  }
}

/** What the API says for people; whatever else answers there is not quoted. */
function refusalOf(answer: EgressAnswer): string {
  try {
    const { message, error_description: description, error } = json(answer);
    return `${answer.status} ${String(message ?? description ?? error)}`;
  } catch {
    return `${answer.status}`;
  }
}
