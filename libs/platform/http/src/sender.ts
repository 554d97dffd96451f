import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** What a client showed when its connection was made, PEM. Shown, not checked: anybody can make one. */
export interface ClientCertificate {
  readonly pem: string;
}

/** Where a request came from, worked out by the server that took it (`spec/threats.md` S5). */
export interface Sender {
  readonly address: string;
  readonly certificate: ClientCertificate | null;
}

const senders = new WeakMap<IncomingMessage, Sender>();

/** Said once per request by whoever knows: our own server, or a listener that only our own services reach. */
export const setSender = (request: IncomingMessage, sender: Sender): void => void senders.set(request, sender);

type Carrying = IncomingMessage | { raw: IncomingMessage };

const senderOf = (request: Carrying): Sender | undefined => senders.get('raw' in request ? request.raw : request);

/** Null: none was shown, or it came from somebody who is not believed. */
export const clientCertificate = (request: Carrying): ClientCertificate | null =>
  senderOf(request)?.certificate ?? null;

/** Null: nobody has said it, or a proxy said something else in its place. IPv4 is always written as IPv4. */
export function clientAddress(request: Carrying): string | null {
  const address = senderOf(request)?.address ?? '';
  return isIP(address) === 0 ? null : address;
}

/** `192.0.2.1:4711` and `[2001:db8::1]:4711`, as some proxies write the sender; the port is another with each connection. */
const WITH_PORT = /^(?:(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}|\[([^\]]+)\](?::\d{1,5})?)$/;

/** An IPv4 address in the form of IPv6 is written as what it is, and one of a link without the link's name on this machine. */
export const plainAddress = (address: string): string =>
  address
    .replace(WITH_PORT, (_, v4?: string, v6?: string) => v4 ?? v6 ?? '')
    .replace(/^::ffff:(?=\d)/i, '')
    .replace(/%.*$/, '');

/** Whether a peer is one of these addresses and CIDRs. @throws Error naming an entry that is neither */
export function trustOf(proxies: readonly string[]): (address: string | undefined) => boolean {
  for (const entry of proxies) {
    const [address, bits] = entry.split('/') as [string, string | undefined];
    if (isIP(address) === 0 || (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= mostBits(address))))
      throw new Error(`STRONGROOM_TRUSTED_PROXIES: ${entry} is no address and no CIDR`);
  }
  return addressesOf(proxies);
}

const mostBits = (address: string): number => (isIPv6(address) ? 128 : 32);

/** Whether an address is among these addresses and CIDRs, which were checked when they were saved. */
export function addressesOf(entries: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList();
  for (const entry of entries) {
    const [address, bits] = entry.split('/') as [string, string | undefined];
    const prefix = bits === undefined ? mostBits(address) : Number(bits);
    list.addSubnet(address, prefix, isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return (address) => {
    const plain = plainAddress(address ?? '');
    return isIP(plain) !== 0 && list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
  };
}

/** A socket that speaks TLS. */
interface Certified {
  getPeerX509Certificate?(): X509Certificate | undefined;
}

/** The certificate of the connection itself, or of the one that a believed proxy ended. */
export function shownCertificate(
  request: IncomingMessage,
  { header, trusts }: { header: string | undefined; trusts: (address: string | undefined) => boolean },
): ClientCertificate | null {
  if (header && trusts(request.socket.remoteAddress)) {
    const value = request.headers[header.toLowerCase()];
    // Of two, which are joined by a comma, one is somebody else's: no reading takes them.
    return typeof value === 'string' ? readCertificate(value) : null;
  }
  const shown = (request.socket as typeof request.socket & Certified).getPeerX509Certificate?.();
  return shown ? { pem: shown.toString() } : null;
}

/** `:base64:` of RFC 9440, or PEM, URL-encoded. What is neither counts as none. */
function readCertificate(value: string): ClientCertificate | null {
  try {
    const binary = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(value.trim())?.[1];
    const read = binary ? Buffer.from(binary, 'base64') : decodeURIComponent(value.trim());
    return { pem: new X509Certificate(read).toString() };
  } catch {
    return null;
  }
}
