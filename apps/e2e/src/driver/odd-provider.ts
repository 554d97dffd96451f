import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newVerifier } from './unique.js';

export const CLIENT_ID = 'odd:client';
/** Characters that each way of writing credentials treats in its own way. */
export const CLIENT_SECRET = 'cnry_cs_a+b %c:d/é';

export interface OddCall {
  authorization: string | undefined;
  members: Record<string, string>;
}

/**
 * A provider of its own, that no catalogue knows: a token deep inside JSON for a code, a form for a refresh, errors
 * with status 200, no word on lifetimes, the secret as raw Basic for the code and in the body for a refresh.
 */
export class OddProvider {
  /** Requests at its token endpoint, in order. */
  readonly codeCalls: OddCall[] = [];
  readonly refreshCalls: OddCall[] = [];
  readonly asked: URLSearchParams[] = [];
  /** Its people revoke: from now on it refuses, with status 200. */
  isRefusing = false;
  private readonly codes = new Set<string>();
  private readonly refreshTokens = new Set<string>();
  private readonly accessTokens = new Set<string>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<OddProvider> {
    const server = createServer((request, response) => void odd.answer(request, response));
    const odd = new OddProvider(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return odd;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  knows(accessToken: unknown): boolean {
    return this.accessTokens.has(String(accessToken));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.url);
    let body = '';
    for await (const part of request) body += String(part);
    const call = {
      authorization: request.headers.authorization,
      members: Object.fromEntries(new URLSearchParams(body)),
    };
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /dialog':
        return this.sendBack(url.searchParams, response);
      case 'POST /token':
        return call.members['grant_type'] === 'authorization_code'
          ? this.redeem(call, response)
          : this.renew(call, response);
      case 'GET /me':
        return json(
          response,
          this.isBearer(call) ? { person: { no: 9007199254740993n, nick: 'Odd One' } } : { ok: 'no' },
        );
      // What the driver asks a simulator for: no known provider is played here.
      case 'GET /_providers.json':
        return json(response, { version: 1, providers: {} });
      default:
        response.writeHead(404).end();
    }
  }

  /** Says yes by itself. */
  private sendBack(query: URLSearchParams, response: ServerResponse): void {
    this.asked.push(query);
    const code = `cnry_code_${newVerifier()}`;
    this.codes.add(code);
    const back = new URL(query.get('redirect_uri')!);
    back.search = new URLSearchParams({ code, state: query.get('state')! }).toString();
    response.writeHead(302, { location: back.href }).end();
  }

  private redeem(call: OddCall, response: ServerResponse): void {
    this.codeCalls.push(call);
    const isClient = call.authorization === `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}`;
    if (!isClient) return json(response, { ok: 'no', faults: [{ kind: 'who' }] });
    if (this.isRefusing || !this.codes.delete(call.members['code'] ?? ''))
      return json(response, { ok: 'no', faults: [{ kind: 'stale' }] });
    const [access, renewal] = this.issue();
    json(response, { ok: 'yes', data: { tokens: [{ value: access }], renewal, allowed: 'mail,files' } });
  }

  private renew(call: OddCall, response: ServerResponse): void {
    this.refreshCalls.push(call);
    const { client_id: id, client_secret: secret, refresh_token: token = '' } = call.members;
    if (call.authorization !== undefined || id !== CLIENT_ID || secret !== CLIENT_SECRET)
      return form(response, { ok: 'no', fault: 'who' });
    if (this.isRefusing || !this.refreshTokens.delete(token)) return form(response, { ok: 'no', fault: 'stale' });
    const [access, renewal] = this.issue();
    form(response, { ok: 'yes', token: access, renewal, allowed: 'mail' });
  }

  private issue(): [string, string] {
    const [access, renewal] = [`cnry_at_${newVerifier()}`, `cnry_rt_${newVerifier()}`];
    this.accessTokens.add(access);
    this.refreshTokens.add(renewal);
    return [access, renewal];
  }

  private isBearer = ({ authorization = '' }: OddCall): boolean => this.knows(authorization.replace('Bearer ', ''));
}

/** Numbers too large for a double are written as they are. */
function json(response: ServerResponse, value: object): void {
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `n${inner}` : inner));
  response.writeHead(200, { 'content-type': 'application/json' }).end(text.replace(/"n(\d+)"/g, '$1'));
}

function form(response: ServerResponse, members: Record<string, string>): void {
  const type = 'application/x-www-form-urlencoded';
  response.writeHead(200, { 'content-type': type }).end(new URLSearchParams(members).toString());
}
