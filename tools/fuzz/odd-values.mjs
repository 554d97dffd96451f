const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const encoded = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'a[]',
  'a[b]',
  'a.b',
  '',
  ' ',
  '$where',
  'then',
  '\u202e',
];
const TEXTS = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e999',
    'NaN',
    'null',
    'true',
    '[]',
    '{}',
    '[object Object]',
    "' OR 1=1 --",
    '"',
    '\\',
    '%',
    '%00',
  ],
  ...[
    '\0',
    '\r\n',
    '\t',
    '\u{1f600}',
    'ü',
    'e\u0301',
    '\u202e',
    '\ufeff',
    '\ud800',
    '%ED%A0%80',
    '%c0%af',
    '../../etc/passwd',
  ],
  ...[
    '<script>alert(1)</script>',
    '${7*7}',
    '{{7*7}}',
    '*',
    ';',
    'http://169.254.169.254/',
    'javascript:alert(1)',
    '//evil.example',
  ],
];
const LENGTHS = [1, 63, 64, 65, 255, 256, 1023, 2049, 4097, 8191, 8193];

/** What programs stumble over. `canary` stands in most values, so that an answer that repeats one is seen. */
export function oddValues(chance, canary) {
  const sized = () => (canary + chance.text(LETTERS, 16)).padEnd(chance.one(LENGTHS), 'x');
  const jwt = (like) => (chance.once(3) && like ? brokenToken(chance, like) : madeUpToken(chance, canary));
  return {
    // Names of members are said again where they do not belong, so that they can be found.
    name: () => chance.one([...NAMES, 'odd_name', 'x'.repeat(chance.one(LENGTHS))]),
    text: (like) =>
      chance.one([
        () => chance.one(TEXTS),
        () => canary + chance.one(TEXTS),
        sized,
        () => jwt(like),
        () => chance.bytes(chance.below(40)).toString('latin1'),
      ])(),
    json: (like, depth = 0) =>
      chance.one([
        () => chance.one([null, true, false, 0, -1, 1e308, 2 ** 53, 0.1]),
        () => chance.one(TEXTS),
        sized,
        () => jwt(like),
        () => (depth > 2 ? [] : [like ?? canary, { odd_name: canary }]),
        () => Array(chance.one([0, 1, 20, 21, 1001])).fill(canary),
        () => ({ [chance.one([...NAMES, 'odd_name'])]: canary }),
      ])(),
    jwt,
  };
}

/** Three parts that look like a token, each of which may be anything. */
function madeUpToken(chance, canary) {
  const header = {
    alg: chance.one(['none', 'RS256', 'HS256', 'ES256', 'PS256', 'EdDSA', 'RS0', 1, null]),
    typ: chance.one(['JWT', 'at+jwt', 'token-vault-req+jwt', 'dpop+jwt', undefined]),
    kid: chance.one([canary, '../../key', 0, undefined]),
    ...(chance.once(4) ? { jwk: { kty: 'RSA', n: canary, e: 'AQAB' }, crit: ['b64'], b64: false } : {}),
  };
  const claims = {
    iss: chance.one([canary, 'https://localhost/', 1, undefined]),
    sub: chance.one([canary, {}, undefined]),
    aud: chance.one([canary, [canary, canary], [], 1]),
    exp: chance.one([4e9, 1e308, -1, 'x', null]),
    iat: chance.one([1, '1', undefined]),
    jti: canary,
  };
  const parts = [encoded(header), encoded(claims), encoded(canary)];
  if (chance.once(3))
    parts[chance.below(3)] = chance.one(['', encoded('{'), encoded('[]'), '!', encoded('null'), canary]);
  if (chance.once(6)) parts.push(canary);
  return parts.slice(0, chance.once(6) ? 2 : undefined).join('.');
}

/** One of our own, with something wrong in it. */
function brokenToken(chance, token) {
  const at = chance.below(token.length);
  return chance.one([
    () => token.slice(0, at),
    () => token.slice(0, at) + chance.one('AZaz09-_.=~') + token.slice(at + 1),
    () => token + token,
    () => `${token}.`,
    () => token.split('.').reverse().join('.'),
    () => ` ${token}`,
  ])();
}
