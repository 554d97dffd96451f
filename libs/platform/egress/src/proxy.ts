import { request, type IncomingMessage } from 'node:http';
import { connect as connectTcp, isIPv6, type Socket } from 'node:net';
import { MAX_HEADER_BYTES } from './answer-limits.js';
import { EgressFailedError } from './egress.errors.js';
import type { Target } from './egress-policy.js';
import { type ConnectOptions, event, secured, within } from './pinned-connection.js';

/** The one proxy that everything goes through; only the operator names it, so it may be of the inside. */
export interface EgressProxy {
  /** `http://` or `https://` origin, as in STRONGROOM_EGRESS_PROXY. */
  url: string;
  /** `user:password`. Never in the URL, which is shown. */
  credentials?: string;
}

/** @throws Error that names the setting, and neither its value nor the credentials */
export function readProxy({ url, credentials }: EgressProxy): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.username || parsed?.password)
    throw new Error('STRONGROOM_EGRESS_PROXY must not hold a user: set STRONGROOM_EGRESS_PROXY_CREDENTIALS');
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol) || `${parsed.origin}/` !== parsed.href)
    throw new Error('STRONGROOM_EGRESS_PROXY is not an origin such as http://proxy.corp.example:3128');
  if (credentials !== undefined && !credentials.includes(':'))
    throw new Error('STRONGROOM_EGRESS_PROXY_CREDENTIALS is not user:password');
  return parsed;
}

/**
 * A connection to the target through the proxy, which resolves its name and decides where that may lead. The rules on
 * the URL and on literal addresses have been applied before. Also to a target without TLS there is a tunnel, so that
 * the proxy sees no request of ours, and an error means that nothing of it was sent.
 */
export async function connectThrough(
  proxy: EgressProxy,
  target: Target,
  { ca, connectMs }: ConnectOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const deadline = performance.now() + connectMs;
  const left = (): number => deadline - performance.now();
  const { hostname, port, protocol } = readProxy(proxy);
  const isTls = protocol === 'https:';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const tcp = connectTcp({ host, port: Number(port) || (isTls ? 443 : 80), noDelay: true });
  try {
    await within(event(tcp, 'connect', 'connect'), left(), signal);
    const socket = isTls ? await secured(tcp, host, ca, left(), signal) : tcp;
    await within(tunnel(socket, target, proxy.credentials), left(), signal);
    return target.isTls ? await secured(socket, target.host, ca, left(), signal) : socket;
  } catch (error) {
    tcp.destroy();
    throw error;
  }
}

/** CONNECT (RFC 9110 §9.3.6). */
function tunnel(socket: Socket, { host, port }: Target, credentials: string | undefined): Promise<void> {
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
  const basic = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const asked = request({
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...(basic && { 'proxy-authorization': basic }) },
    createConnection: () => socket, // with an agent it would not be asked
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  return new Promise((done, failed) => {
    asked.once('connect', ({ statusCode = 0 }: IncomingMessage, _socket: Socket, rest: Buffer) => {
      const refusal = statusCode < 200 || statusCode > 299 ? `HTTP_${statusCode}` : rest.length > 0 ? 'EARLY' : null;
      // No server of ours speaks first: what comes unasked is the proxy's own and would be taken for the answer.
      if (refusal) failed(new EgressFailedError('proxy', 'no', refusal));
      else done();
    });
    asked.on('error', ({ code }: NodeJS.ErrnoException) => failed(new EgressFailedError('proxy', 'no', code ?? null)));
    asked.end();
  });
}
