import type { Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import { decoded, MAX_HEADER_BYTES, readLimited, refuseDeepJson } from './answer-limits.js';
import { Attempt } from './attempt.js';
import { certificateOf, type ServerCertificate } from './certificate.js';
import { EgressPolicy, type Target } from './egress-policy.js';
import { fetchThrough } from './fetch.js';
import { connectPinned, type ConnectOptions, type Resolve, systemResolve } from './pinned-connection.js';
import { connectThrough, type EgressProxy, readProxy } from './proxy.js';

export interface EgressRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** For everything, from the name's resolution to the last byte of the answer. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface EgressAnswer {
  /** A redirect is an answer like any other; it is not followed. */
  status: number;
  /** Names in lower case. Cookies are left out. */
  headers: Record<string, string>;
  /** Decompressed. */
  body: Buffer;
}

export interface EgressOptions {
  /** Origins that may be `http` or of the inside, as in STRONGROOM_EGRESS_ALLOW. */
  allow: readonly string[];
  /** Where this installation listens. Nothing unlocks these. */
  ownOrigins?: readonly string[];
  /** Certificates to trust beside the usual ones, PEM. */
  ca?: readonly string[];
  /** What everything goes through; it then judges the addresses. Environment variables name none. */
  proxy?: EgressProxy | undefined;
  resolve?: Resolve;
}

const WHOLE_MS = 15_000;
const CONNECT_MS = 5_000;

/** Ours to set, or a way to make two readers of one request disagree. */
const OWN_HEADERS =
  /^(host|connection|keep-alive|transfer-encoding|content-length|upgrade|te|trailer|expect|cookie|accept-encoding|proxy-.*)$/i;

/**
 * The only way out. Calls what `spec/threats.md` §5 permits, and takes no more from there than its limits.
 *
 * Each request has a connection of its own: one that was kept open may be dead without our knowing, and a refresh sent
 * into a dead connection leaves in doubt whether the provider has seen it.
 */
export class Egress {
  private readonly connecting: ConnectOptions;
  private readonly policy: EgressPolicy;
  private readonly proxy: EgressProxy | undefined;
  private readonly closing = new AbortController();

  /** `fetch` for libraries that take one, under the same rules. */
  readonly fetch: typeof globalThis.fetch = fetchThrough(this);

  constructor({ allow, ownOrigins = [], ca = [], proxy, resolve = systemResolve }: EgressOptions) {
    if (proxy) readProxy(proxy); // a bad one stops the start
    this.proxy = proxy;
    this.policy = new EgressPolicy(allow, ownOrigins);
    this.connecting = { policy: this.policy, resolve, ca, connectMs: CONNECT_MS };
  }

  /**
   * What can be said about a URL without asking anybody; for the moment in which it is saved.
   *
   * @throws EgressRefusedError
   */
  check(url: string): void {
    this.policy.target(url);
  }

  /** @throws EgressRefusedError @throws EgressFailedError */
  async request(request: EgressRequest): Promise<EgressAnswer> {
    const target = this.policy.target(request.url);
    const attempt = new Attempt(request.timeoutMs ?? WHOLE_MS, [this.closing.signal, request.signal]);
    const client = this.client(target, attempt);
    try {
      return await answerOf(await client.request(written(request, target, attempt.signal)));
    } catch (error) {
      throw attempt.failure(error);
    } finally {
      attempt.end();
      void client.destroy().catch(() => undefined);
    }
  }

  /**
   * The certificate behind an https URL, also one that nobody should trust, so that its fault can be told. Sends nothing.
   *
   * @throws EgressRefusedError @throws EgressFailedError
   */
  async certificate(url: string): Promise<ServerCertificate> {
    const target = this.policy.target(url);
    const attempt = new Attempt(CONNECT_MS * 2, [this.closing.signal]);
    let tcp: Socket | undefined;
    try {
      tcp = await this.connect({ ...target, isTls: false }, attempt.signal);
      return await certificateOf(tcp, target.host, this.connecting.ca, CONNECT_MS, attempt.signal);
    } catch (error) {
      throw attempt.failure(error);
    } finally {
      attempt.end();
      tcp?.destroy();
    }
  }

  /** Ends what is under way. */
  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }

  private connect(target: Target, signal: AbortSignal): Promise<Socket> {
    return this.proxy
      ? connectThrough(this.proxy, target, this.connecting, signal)
      : connectPinned(target, this.connecting, signal);
  }

  private client(target: Target, attempt: Attempt): Client {
    return new Client(target.url.origin, {
      pipelining: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: 0, // the attempt has one time for all
      bodyTimeout: 0,
      connect: (_options, done) => {
        this.connect(target, attempt.signal).then(
          (socket) => {
            attempt.connected(socket);
            done(null, socket);
          },
          (error: Error) => done(error, null),
        );
      },
    });
  }
}

function written(request: EgressRequest, { url }: Target, signal: AbortSignal): Dispatcher.RequestOptions {
  const given = Object.entries(request.headers ?? {}).filter(([name]) => !OWN_HEADERS.test(name));
  return {
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: { ...Object.fromEntries(given), 'accept-encoding': 'gzip, br' },
    body: request.body ?? null,
    reset: true,
    signal,
  };
}

async function answerOf({ statusCode, headers: given, body: stream }: Dispatcher.ResponseData): Promise<EgressAnswer> {
  const raw = await readLimited(stream as AsyncIterable<Buffer>);
  const { 'content-encoding': encoding, ...headers } = joined(given);
  const body = await decoded(raw, encoding ?? '');
  refuseDeepJson(body);
  return { status: statusCode, headers, body };
}

function joined(given: Record<string, string | string[] | undefined>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || ['set-cookie', 'content-length', 'transfer-encoding'].includes(name)) continue;
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}
