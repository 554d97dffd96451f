import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Two lists, because Node compares an IPv4 address with IPv6 ranges in its mapped form, which one range covers. */
class Ranges {
  private readonly v4 = new BlockList();
  private readonly v6 = new BlockList();

  constructor(ranges: string) {
    for (const range of ranges.trim().split(/\s+/)) {
      const [network, bits] = range.split('/') as [string, string];
      if (isIPv4(network)) this.v4.addSubnet(network, Number(bits), 'ipv4');
      else this.v6.addSubnet(network, Number(bits), 'ipv6');
    }
  }

  has(address: string): boolean {
    const plain = address.replace(/%.*$/, ''); // a zone, as in fe80::1%eth0
    return isIPv4(plain) ? this.v4.check(plain, 'ipv4') : this.v6.check(plain, 'ipv6');
  }
}

/** Not of the public internet: private, local, reserved, multicast, or another way to write an IPv4 address. */
const INSIDE = new Ranges(`
  0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
  192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
  ::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64
  2001::/32 2001:2::/48 2001:10::/28 2001:20::/28 2001:db8::/32 2002::/16 3fff::/20
  fc00::/7 fe80::/10 fec0::/10 ff00::/8`);

/**
 * Where clouds keep credentials for whoever asks. No setting opens these, nor the ways to write them in IPv6: Teredo
 * hides an IPv4 address anywhere in its range, and a local NAT64 prefix wherever its operator likes.
 */
const METADATA = new Ranges(`
  169.254.0.0/16 168.63.129.16/32 fd00:ec2::/32 fd20:ce::/32
  ::169.254.0.0/112 ::ffff:169.254.0.0/112 ::ffff:0:169.254.0.0/112
  64:ff9b::169.254.0.0/112 64:ff9b:1::/48 2001::/32 2002:a9fe::/32`);

const LOOPBACK = new Ranges('127.0.0.0/8 0.0.0.0/8 ::/127 ::ffff:127.0.0.0/104 ::ffff:0.0.0.0/104');

/** An address in the one way that it is compared in: IPv4 in IPv6 is IPv4, and without a zone. */
export function canonical(address: string): string {
  const plain = address.replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const written = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([\da-f]+):([\da-f]+)$/.exec(written) ?? [];
  if (high === undefined || low === undefined) return written;
  const bits = [high, low].map((half) => parseInt(half, 16));
  return bits.flatMap((half) => [half >> 8, half & 255]).join('.');
}

export const isInside = (address: string): boolean => INSIDE.has(address);

export const isMetadata = (address: string): boolean => METADATA.has(address);

export const isLoopback = (address: string): boolean => LOOPBACK.has(address);

/** Reaches a listener on this machine. */
export const isOfThisMachine = (address: string): boolean =>
  isLoopback(address) ||
  Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some((own) => canonical(own.address) === canonical(address)),
  );
