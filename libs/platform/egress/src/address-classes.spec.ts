import { networkInterfaces } from 'node:os';
import { canonical, isInside, isLoopback, isMetadata, isOfThisMachine } from './address-classes.js';

/** First and last address of each denied range, and the neighbours that are not in it (null: also denied, or none). */
const RANGES: [range: string, first: string, last: string, before: string | null, after: string | null][] = [
  ['0/8', '0.0.0.0', '0.255.255.255', null, '1.0.0.0'],
  ['10/8', '10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64/10', '100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127/8', '127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['169.254/16', '169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['172.16/12', '172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0/24', '192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2/24', '192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.88.99/24', '192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168/16', '192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['198.18/15', '198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100/24', '198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113/24', '203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224/4', '224.0.0.0', '239.255.255.255', '223.255.255.255', null],
  ['240/4', '240.0.0.0', '255.255.255.255', null, null],
  ['::/96', '::', '::ffff:ffff', null, '::1:0:0'],
  ['::ffff:0:0/96', '::ffff:0:0', '::ffff:8.8.8.8', '::fffe:ffff:ffff', '::1:0:0:0'],
  ['::ffff:0:0:0/96', '::ffff:0:0:0', '::ffff:0:8.8.8.8', '::fffe:ffff:ffff:ffff', '::ffff:1:0:0'],
  ['64:ff9b::/96', '64:ff9b::', '64:ff9b::ffff:ffff', '64:ff9a::1', '64:ff9b::1:0:0'],
  ['64:ff9b:1::/48', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff', '64:ff9b:0:1::', '64:ff9b:2::'],
  ['100::/64', '100::', '100::ffff:ffff:ffff:ffff', 'ff::', '100:0:0:1::'],
  ['2001::/32', '2001::', '2001:0:ffff:ffff:ffff:ffff:ffff:ffff', '2000:ffff::', '2001:1::'],
  ['2001:2::/48', '2001:2::', '2001:2:0:ffff::', '2001:1:ffff::', '2001:2:1::'],
  ['2001:10::/28', '2001:10::', '2001:1f:ffff::', '2001:f:ffff::', null],
  ['2001:20::/28', '2001:20::', '2001:2f:ffff::', null, '2001:30::'],
  ['2001:db8::/32', '2001:db8::', '2001:db8:ffff::', '2001:db7:ffff::', '2001:db9::'],
  ['2002::/16', '2002::', '2002:ffff::', '2001:ffff::', '2003::'],
  ['3fff::/20', '3fff::', '3fff:fff:ffff::', '3ffe:ffff::', '3fff:1000::'],
  ['fc00::/7', 'fc00::', 'fdff:ffff::', 'fbff::', 'fe00::'],
  ['fe80::/10', 'fe80::', 'febf:ffff::', 'fe7f:ffff::', null],
  ['fec0::/10', 'fec0::', 'feff:ffff::', null, null],
  ['ff00::/8', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', null, null],
];

describe('address classes', () => {
  it.each(RANGES)('%s is of the inside, its neighbours are not', (_range, first, last, before, after) => {
    expect(isInside(first)).toBe(true);
    expect(isInside(last)).toBe(true);
    if (before) expect(isInside(before)).toBe(false);
    if (after) expect(isInside(after)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '93.184.216.34', '2606:4700:4700::1111', '2a00:1450:4001:81b::200e'])(
    '%s is of the public internet',
    (address) => {
      expect(isInside(address)).toBe(false);
      expect(isMetadata(address)).toBe(false);
    },
  );

  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '168.63.129.16',
    '::ffff:0:169.254.169.254',
    '64:ff9b:1::a9fe:a9fe',
    '2001:0:a9fe:a9fe::1',
  ])('%s is where credentials of the machine are', (address) => {
    expect(isMetadata(address)).toBe(true);
  });

  it('knows loopback in all its forms, and a zone behind an address', () => {
    for (const address of ['127.0.0.1', '127.8.8.8', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1'])
      expect(isLoopback(address)).toBe(true);
    for (const address of ['10.0.0.1', '8.8.8.8', 'fe80::1']) expect(isLoopback(address)).toBe(false);
    expect(isInside('fe80::1%eth0')).toBe(true);
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:7f00:1', '127.0.0.1'],
    ['0:0:0:0:0:FFFF:10.1.2.3', '10.1.2.3'],
    ['FE80:0::1%eth0', 'fe80::1'],
    ['::1', '::1'],
  ])('compares %s as %s', (address, as) => {
    expect(canonical(address)).toBe(as);
  });

  it('knows every address of this machine, also when it is written as IPv6', () => {
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    for (const { address, family } of own)
      for (const spelling of family === 'IPv4' ? [address, `::ffff:${address}`] : [address, `${address}%lo`])
        expect(isOfThisMachine(spelling)).toBe(true);
    expect(isOfThisMachine('8.8.8.8')).toBe(false);
  });
});
