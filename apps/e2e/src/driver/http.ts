import { lookup } from 'node:dns';
import { readFileSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import type { MadeCertificate } from '@strongroom/testing/certificates';
import { Agent, fetch, request } from 'undici';

export type Json = Record<string, unknown>;

/** What a server answered. Redirects are answers too. */
export class Answer {
  constructor(
    readonly status: number,
    readonly headers: Record<string, string>,
    readonly cookies: string[],
    readonly text: string,
  ) {}

  /** The body; an empty object where it is no JSON object. */
  get json(): Json {
    try {
      return JSON.parse(this.text) as Json;
    } catch {
      return {};
    }
  }

  get list(): Json[] {
    return JSON.parse(this.text) as Json[];
  }
}

export interface Call {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** How long an answer may take is for the server to say: hundreds of handshakes at once take a slow machine a while. */
const PATIENCE_MS = 240_000;

/** `mtls.localhost` is this machine (RFC 6761), which not every resolver knows. */
const loopback: LookupFunction = (host, options, done) =>
  host.endsWith('.localhost')
    ? done(null, options.all ? [{ address: '127.0.0.1', family: 4 }] : '127.0.0.1', 4)
    : lookup(host, options, done);

/** HTTP as a client of the installation sees it; trusts the installation's own authority beside the usual ones. */
export class Http {
  readonly agent: Agent;

  constructor(caFile: string | undefined, shown?: MadeCertificate) {
    const ca = caFile ? { ca: readFileSync(caFile, 'utf8') } : {};
    this.agent = new Agent({
      connect: { ...ca, ...shown, lookup: loopback, timeout: PATIENCE_MS },
      headersTimeout: PATIENCE_MS,
    });
  }

  async send(url: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> {
    const answer = await request(url, {
      method: method as 'GET',
      headers,
      body: body ?? null,
      dispatcher: this.agent,
    });
    const flat = Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
    const cookies = [answer.headers['set-cookie'] ?? []].flat();
    return new Answer(
      answer.statusCode,
      Object.fromEntries(flat) as Record<string, string>,
      cookies,
      await answer.body.text(),
    );
  }

  sendForm(url: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(form).toString(),
    });
  }

  sendJson(method: string, url: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(url, {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** For libraries that take a fetch. undici's own differs from Node's in its types alone, hence the cast. */
  get fetch(): typeof globalThis.fetch {
    const dispatcher = this.agent;
    return ((url: string, init: object) => fetch(url, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;
  }

  close(): Promise<void> {
    return this.agent.close();
  }
}
