import { lookup } from 'node:dns';
import { lookup as addressesOf } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Loopback, link-local, private, shared by carriers, unique local. */
const inside = new BlockList();
for (const [address, bits] of [
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const)
  inside.addSubnet(address, bits, 'ipv4');
for (const [address, bits] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  inside.addSubnet(address, bits, 'ipv6');

const isInside = (address: string): boolean => inside.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/**
 * Calls in the clear stay inside (`spec/threats.md` S3). A name that cannot be resolved now may be one of a service that
 * starts later; `insideOnly` asks again whenever it is followed.
 *
 * @throws Error that names the setting.
 */
export async function refusePublicAddress(setting: string, url: string): Promise<void> {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:') return;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const found = isIP(host) ? [{ address: host }] : await addressesOf(host, { all: true }).catch(() => []);
  if (found.some(({ address }) => !isInside(address)))
    throw new Error(
      `${setting} is plain http and leads to a public address: use https with STRONGROOM_RPC_TLS_…, or an inner address.`,
    );
}

/** Finds addresses for connections in the clear: a name that came to lead outside after the start is not followed. */
export const insideOnly: LookupFunction = (hostname, options, callback) =>
  lookup(hostname, { ...options, all: true }, (error, found) => {
    if (error) return callback(error, []);
    if (found.some(({ address }) => !isInside(address)))
      return callback(new Error(`plain http to ${hostname}, which leads to a public address`), []);
    const [{ address, family }] = found as [{ address: string; family: number }];
    return options.all ? callback(null, found) : callback(null, address, family);
  });
