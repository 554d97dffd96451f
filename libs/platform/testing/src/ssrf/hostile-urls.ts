/**
 * Ways to write an address of the inside, as data. `{port}` is the port of the canaries, which tell who was reached.
 * What cannot be typed safely is written as an escape.
 */
export interface HostileUrl {
  url: string;
  /**
   * Where a client without a guard ends with it: at a listener of this machine, at an inner address that is not of this
   * machine (or has no route), or nowhere, because it is no URL that HTTP clients follow.
   */
  leads: 'here' | 'elsewhere' | 'nowhere';
  /** The URL looks public; only the answer of a name server shows where it leads. */
  byName?: true;
}

/** Spellings of the addresses at which canaries listen, where the machine has them. */
const OF_THIS_MACHINE: Record<string, string[]> = {
  '127.0.0.1': [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '0x7f000001',
    '0X7F000001',
    '0x7f.0.0.1',
    '0x7f.1',
    '0x7F.0x0.0x0.0x1',
    '0x7f.0.1',
    '127.0x0.00.1',
    '017700000001',
    '0177.0.0.1',
    '0177.0.0.01',
    '0177.1',
    '2130706433',
    // Zero is this machine too.
    '0',
    '00',
    '0x0',
    '0.0',
    '0.0.0.0',
    '0.0.0.0.',
    // Dots at the end, which some parsers count as a part of a name.
    '127.0.0.1.',
    '127.0.0.1..',
    '0x7f.1..',
    '2130706433..',
    '0177.0.0.1...',
    // Other digits and other dots, which are mapped to the usual ones.
    '\u2460\u2461\u2466.\u24ea.\u24ea.\u2460',
    '\uff11\uff12\uff17.\uff10.\uff10.\uff11',
    '\u{1d7cf}\u{1d7d0}\u{1d7d5}.\u{1d7ce}.\u{1d7ce}.\u{1d7cf}',
    '127\u30020\u30020\u30021',
    '127\uff0e0\uff0e0\uff0e1',
    '127\uff610\uff610\uff611',
    '127.0.0.1\u3002',
    '127.0.0.\u00ad1',
    '%31%32%37.0.0.1',
    '127.0.0.%31',
    '127%2e0%2e0%2e1',
    '%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1',
    '[::ffff:127.0.0.1]',
    '[::FFFF:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::ffff:0:0]',
  ],
  '127.255.255.254': ['127.255.255.254', '127.16777214', '2147483646', '0x7ffffffe', '[::ffff:7fff:fffe]'],
  '::1': [
    '[::1]',
    '[::]',
    '[0::1]',
    '[::0001]',
    '[::0.0.0.1]',
    '[0:0:0:0:0:0:0:1]',
    '[0000:0000:0000:0000:0000:0000:0000:0001]',
  ],
};

/** They lead here on most machines; in the tests they do by the name server. */
const NAMES_OF_THE_INSIDE = [
  'localhost',
  'LOCALHOST',
  'localhost.',
  'localhost..',
  'a.localhost',
  'a.b.localhost.',
  'localhost.localdomain',
  '\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54',
  '\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3',
  '\u2113ocalhost',
  'local\u00adhost',
  'local\u200bhost',
  'lo%63alhost',
  '%6c%6f%63%61%6c%68%6f%73%74',
  '%E2%93%9Bocalhost',
  'printer.local',
  'internal',
  'vault.internal',
  'metadata.google.internal',
  'METADATA.google.internal.',
  'router.home.arpa',
];

const NAMES_OF_THE_OUTSIDE = [
  '127.0.0.1.nip.example',
  '127-0-0-1.sslip.example',
  '7f000001.nip.example',
  'localtest.example',
  'localhost.idp.example',
  'l\u043ecalhost',
  'loca\u217chost.example',
  'localh\u00f6st.example',
  'xn--lcalhost-15g',
];

const ELSEWHERE = [
  '10.0.0.1',
  '10.1',
  '0x0a000001',
  '167772161',
  '012.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.1',
  '0xc0a80001',
  '100.64.0.1',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '0xffffffff',
  // Where clouds keep credentials.
  '169.254.169.254',
  '169.254.169.254.',
  '169.254.170.2',
  '0xa9fea9fe',
  '0xa9.0xfe.0xa9.0xfe',
  '0251.0376.0251.0376',
  '2852039166',
  '169.254.43518',
  '\u2460\u2465\u2468.\u2461\u2464\u2463.\u2460\u2465\u2468.\u2461\u2464\u2463',
  '100.100.100.200',
  '168.63.129.16',
  '[fd00:ec2::254]',
  '[fd20:ce::254]',
  '[::ffff:169.254.169.254]',
  '[::ffff:a9fe:a9fe]',
  '[::169.254.169.254]',
  '[64:ff9b::169.254.169.254]',
  '[64:ff9b:1::a9fe:a9fe]',
  '[2002:a9fe:a9fe::1]',
  // IPv4 inside of IPv6: compatible, translated, NAT64, 6to4, Teredo.
  '[::127.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::10.0.0.1]',
  '[2002:7f00:1::]',
  '[2002:c0a8:1::1]',
  '[2001:0:7f00:1::]',
  '[2001:0:5ef5:79fd:0:0:80ff:fffe]',
  '[fe80::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd12:3456::1]',
  '[ff02::1]',
  '[100::1]',
  '[2001:db8::1]',
  '[3fff::1]',
];

const HOSTS_OF_NOWHERE = [
  '[::1',
  '[::1%25lo]',
  '[fe80::1%25eth0]',
  '[fe80::1%lo]',
  '[127.0.0.1]',
  '127.0.0.1%00',
  '127.0.0.1%20',
  '127.0.0.1%2f',
  '127.0.0.256',
  '127.0.0.0.1',
  '0x1ffffffff',
  '127.0.0.1:99999',
  'idp.example\u2044@127.0.0.1 ',
  '..',
];

const WHOLE: [leads: HostileUrl['leads'], url: string][] = [
  ['here', 'http://idp.example@127.0.0.1:{port}/'],
  ['here', 'http://idp.example:443@127.0.0.1:{port}/'],
  ['here', 'https://idp.example%2f@127.0.0.1:{port}/'],
  ['here', 'http://idp.example%23@0x7f.1:{port}/'],
  ['here', 'http://:@127.0.0.1:{port}/'],
  ['here', 'http:127.0.0.1:{port}/'],
  ['here', 'http:/127.0.0.1:{port}/'],
  ['here', 'http:///127.0.0.1:{port}/'],
  ['here', 'http:\\\\127.0.0.1:{port}\\'],
  ['here', 'http:/\\127.0.0.1:{port}/'],
  ['here', 'http://127.0.0.1:{port}\\@idp.example/'],
  ['here', 'http://127.0.0.1:{port}#@idp.example/'],
  ['here', 'http://127.0.0.1:{port}?@idp.example/'],
  ['here', 'http://127.0.0.1:0{port}/'],
  ['here', ' http://127.0.0.1:{port}/'],
  ['here', '\u0001http://127.0.0.1:{port}/'],
  ['here', 'ht\ttp://127.0.0.1:{port}/'],
  ['here', 'http://127.\n0.0.1:{port}/'],
  ['here', 'HTTP://127.0.0.1:{port}/'],
  ['here', 'hTtPs://127.0.0.1:{port}/'],
  ['nowhere', 'file:///etc/passwd'],
  ['nowhere', 'file://127.0.0.1:{port}/'],
  ['nowhere', 'ftp://127.0.0.1:{port}/'],
  ['nowhere', 'gopher://127.0.0.1:{port}/_GET'],
  ['nowhere', 'dict://127.0.0.1:{port}/info'],
  ['nowhere', 'ldap://127.0.0.1:{port}/'],
  ['nowhere', 'ws://127.0.0.1:{port}/'],
  ['nowhere', 'wss://127.0.0.1:{port}/'],
  ['nowhere', 'data:application/json,{}'],
  ['nowhere', 'blob:http://127.0.0.1:{port}/x'],
  ['nowhere', 'javascript:alert(1)'],
  ['nowhere', 'jar:http://127.0.0.1:{port}/!/'],
  ['nowhere', 'view-source:http://127.0.0.1:{port}/'],
  ['nowhere', 'unix:/var/run/docker.sock'],
  ['nowhere', 'http+unix://%2Fvar%2Frun%2Fdocker.sock/'],
  ['nowhere', '//127.0.0.1:{port}/'],
  ['nowhere', '127.0.0.1:{port}'],
  ['nowhere', 'localhost:{port}'],
  ['nowhere', 'http://'],
];

/** The same IPv4 address in all the forms that a URL parser reads. */
function spellingsOf(address: string): string[] {
  const bytes = address.split('.').map(Number);
  const number = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
  return [
    address,
    `${address}.`,
    String(number),
    `0x${hex.join('')}`,
    bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
    `[::ffff:${address}]`,
    `[::ffff:${hex[0]}${hex[1]}:${hex[2]}${hex[3]}]`,
  ];
}

const at = (host: string): string => `http://${host}:{port}/`;

/** `addresses`: at which canaries listen, on `port`. */
export function hostileUrls({ port, addresses }: { port: number; addresses: readonly string[] }): HostileUrl[] {
  const loopback = Object.entries(OF_THIS_MACHINE).flatMap(([address, hosts]) =>
    hosts.map((host): HostileUrl => ({ url: at(host), leads: addresses.includes(address) ? 'here' : 'elsewhere' })),
  );
  const others = addresses.filter((address) => !(address in OF_THIS_MACHINE)).flatMap(spellingsOf);
  const all: HostileUrl[] = [
    ...loopback,
    ...[...others, ...NAMES_OF_THE_INSIDE].map((host): HostileUrl => ({ url: at(host), leads: 'here' })),
    ...NAMES_OF_THE_OUTSIDE.map((host): HostileUrl => ({ url: at(host), leads: 'here', byName: true })),
    ...ELSEWHERE.map((host): HostileUrl => ({ url: at(host), leads: 'elsewhere' })),
    ...HOSTS_OF_NOWHERE.map((host): HostileUrl => ({ url: at(host), leads: 'nowhere' })),
    ...WHOLE.map(([leads, url]): HostileUrl => ({ url, leads })),
  ];
  return all.map((one) => ({ ...one, url: one.url.replace('{port}', String(port)) }));
}
