import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates, type TLSSocket } from 'node:tls';
import { isInside } from './address-classes.js';
import { EgressFailedError, type EgressFailure, EgressRefusedError } from './egress.errors.js';
import type { EgressPolicy, Target } from './egress-policy.js';

/** All addresses of a name, of both families. */
export type Resolve = (host: string) => Promise<string[]>;

export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true, order: 'ipv4first' })).map(({ address }) => address);

export interface ConnectOptions {
  policy: EgressPolicy;
  resolve: Resolve;
  /** Certificates to trust beside the usual ones, PEM. */
  ca: readonly string[];
  connectMs: number;
}

/**
 * A connection to an address that was checked: the name is resolved once, here, and only what came out is connected
 * to. Not a byte of a request is written before it is returned, so each error means that nothing was sent.
 */
export async function connectPinned(target: Target, options: ConnectOptions, signal: AbortSignal): Promise<Socket> {
  const deadline = performance.now() + options.connectMs;
  const addresses = isIP(target.host) ? [target.host] : await resolved(target, options, signal);
  const ours = await addressesOfOurs(target, addresses, options, signal);
  options.policy.admit(target, addresses, ours);
  let last: unknown;
  for (const [index, address] of addresses.entries()) {
    // An address that swallows packets leaves the others their share of the time.
    const withinMs = (deadline - performance.now()) / (addresses.length - index);
    try {
      return await connectOne(target, address, { ...options, ours }, withinMs, signal);
    } catch (error) {
      if (error instanceof EgressRefusedError || signal.aborted) throw error;
      last = error;
    }
  }
  throw last;
}

async function resolved({ host }: Target, options: ConnectOptions, signal: AbortSignal): Promise<string[]> {
  const answer = options.resolve(host).catch((error: NodeJS.ErrnoException) => {
    throw new EgressFailedError('dns', 'no', error.code ?? null);
  });
  const addresses = await within(answer, options.connectMs, signal);
  if (addresses.length === 0) throw new EgressFailedError('dns', 'no', 'ENODATA');
  return addresses;
}

/** Only of the inside: on the public internet one address may serve many names, a provider's and ours. */
async function addressesOfOurs(
  { port }: Target,
  addresses: readonly string[],
  { policy, resolve, connectMs }: ConnectOptions,
  signal: AbortSignal,
): Promise<string[]> {
  if (!addresses.some(isInside)) return [];
  // A name of ours that leads nowhere is one that nobody can reach.
  const asked = policy.ownNamesAt(port).map((name) => resolve(name).catch(() => []));
  return (await within(Promise.all(asked), connectMs, signal)).flat();
}

async function connectOne(
  target: Target,
  address: string,
  { policy, ca, ours }: ConnectOptions & { ours: readonly string[] },
  withinMs: number,
  signal: AbortSignal,
): Promise<Socket> {
  const ends = performance.now() + withinMs;
  const tcp = connectTcp({ host: address, port: target.port, autoSelectFamily: false, noDelay: true });
  try {
    await within(event(tcp, 'connect', 'connect'), withinMs, signal);
    policy.admit(target, [tcp.remoteAddress ?? ''], ours);
    return target.isTls ? await secured(tcp, target.host, ca, ends - performance.now(), signal) : tcp;
  } catch (error) {
    tcp.destroy();
    throw error;
  }
}

/** TLS over a connection, to the server that `host` names. */
export async function secured(
  tcp: Socket,
  host: string,
  ca: readonly string[],
  withinMs: number,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const tls: TLSSocket = connectTls({
    socket: tcp,
    // Without a name the certificate is compared with the address.
    ...(isIP(host) ? { host } : { servername: host }),
    ALPNProtocols: ['http/1.1'],
    // Said aloud, as NODE_TLS_REJECT_UNAUTHORIZED and --tls-min-v1.0 would have it otherwise.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca.length > 0 && { ca: [...getCACertificates('default'), ...ca] }),
  });
  await within(event(tls, 'secureConnect', 'tls'), withinMs, signal);
  return tls;
}

export const event = (socket: Socket, name: string, reason: EgressFailure): Promise<void> =>
  new Promise((done, failed) => {
    socket.once(name, () => done());
    // Stays for the life of the socket: an error that nobody listens to would end the process.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      failed(new EgressFailedError(reason, 'no', error.code ?? null)),
    );
    socket.once('close', () => failed(new EgressFailedError(reason, 'no', 'ECONNRESET')));
  });

export async function within<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  let stop = (): void => undefined;
  const limit = new Promise<never>((_, failed) => {
    const timer = setTimeout(() => failed(new EgressFailedError('timeout', 'no')), Math.max(ms, 0));
    const abort = (): void => failed(new EgressFailedError('aborted', 'no'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    stop = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
  });
  work.catch(() => undefined); // it may fail after the limit has
  try {
    return await Promise.race([work, limit]);
  } finally {
    stop();
  }
}
