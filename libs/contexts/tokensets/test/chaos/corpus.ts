import type { ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Answer, RawAnswer, TokenCall } from '../provider.js';

/** How often a refresh token may be sent before the next wait that is longer than a caller's. */
export type Sends =
  /** The provider named a time, or the connection is shut. */
  | 'once'
  /** It may have acted: a strict provider is asked once more. */
  | 'doubt'
  /** It has not acted: backoff. */
  | 'backoff';

export interface Chaos {
  name: string;
  answer: (call: TokenCall) => Answer | RawAnswer;
  sends: Sends;
}

const json = (status: number, body: unknown, headers?: Record<string, string>) => (): Answer => ({
  status,
  body,
  ...(headers ? { headers } : {}),
});
const text = (status: number, body: string, type: string, headers?: Record<string, string>) =>
  json(status, body, { 'content-type': type, ...headers });
const page = (status: number, headers?: Record<string, string>) =>
  text(status, '<!doctype html><title>Sorry</title><p>invalid_grant</p>', 'text/html', headers);
const raw = (write: (response: ServerResponse) => void) => (): RawAnswer => write;
const bytes = (headers: Record<string, string>, body: Buffer) =>
  raw((response) => void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body));

export const TOKENS = { access_token: 'cnry_at_chaos', token_type: 'bearer', expires_in: 3600 };
const INVALID_GRANT = { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' };
const isoIn = (ms: number): string => new Date(Date.now() + ms).toUTCString();

const named = (sends: Sends, answers: Record<string, Chaos['answer']>): Chaos[] =>
  Object.entries(answers).map(([name, answer]) => ({ name, answer, sends }));

/** A line that breaks, or a server that is no HTTP server any more. */
const TRANSPORT = named('doubt', {
  'a reset before the head': () => 'reset',
  'a reset after the head': raw((response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
    response.write('{"access_token":', () => response.destroy());
  }),
  'a reset in mid-chunk': raw((response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(`{"access_token":"cnry_at_cut","refresh_token":"cnry_rt_cu`, () => response.destroy());
  }),
  'no answer at all': raw(() => undefined),
  'a head and no body': raw((response) => void response.writeHead(200, { 'content-length': '80' }).flushHeaders()),
  'a body that never ends': raw((response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const dripping = setInterval(() => response.write(' '), 100);
    response.on('close', () => clearInterval(dripping));
  }),
  'no HTTP': raw((response) => void response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n')),
  'a head that ends early': raw((response) => void response.socket?.end('HTTP/1.1 200 OK\r\nContent-Type: appl')),
  'a head of 200 kB': raw((response) => {
    response.socket?.end(`HTTP/1.1 200 OK\r\nX-Filler: ${'x'.repeat(200_000)}\r\n\r\n{}`);
  }),
  'two lengths': raw((response) => {
    response.socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}');
  }),
});

/** 200, and nothing that anybody could use. */
const MALFORMED = named('doubt', {
  'an empty 200': text(200, '', 'application/json'),
  'a 204': json(204, ''),
  null: json(200, null),
  'an empty list': json(200, []),
  'an empty object': json(200, {}),
  'a string': json(200, '"cnry_at_chaos"', { 'content-type': 'application/json' }),
  'a page with 200': page(200),
  'a page that says it is JSON': text(200, '<html>maintenance</html>', 'application/json'),
  prose: text(200, 'We will be back soon.', 'text/plain'),
  'truncated JSON': text(200, '{"access_token":"cnry_at_chaos","refresh_tok', 'application/json'),
  'two objects': text(200, '{"a":1}{"access_token":"cnry_at_chaos"}', 'application/json'),
  'UTF-16': bytes({}, Buffer.from(`\ufeff${JSON.stringify(TOKENS)}`, 'utf16le')),
  'expires_in NaN': text(
    200,
    '{"access_token":"cnry_at_chaos","token_type":"bearer","expires_in":NaN}',
    'application/json',
  ),
  'a nest of 20,000 lists': text(200, '['.repeat(20_000) + ']'.repeat(20_000), 'application/json'),
  'form fields where JSON is expected': text(200, 'access_token=cnry_at_chaos&token_type=bearer', 'text/plain'),
  'a refresh token alone': json(200, { refresh_token: 'cnry_rt_rubbish', token_type: 'bearer', expires_in: 3600 }),
  'access_token null': json(200, { ...TOKENS, access_token: null, refresh_token: 'cnry_rt_rubbish' }),
  'access_token empty': json(200, { ...TOKENS, access_token: '', refresh_token: 'cnry_rt_rubbish' }),
  'access_token a number': json(200, { ...TOKENS, access_token: 12345, refresh_token: 'cnry_rt_rubbish' }),
  'access_token an object': json(200, { ...TOKENS, access_token: { value: 'x' }, refresh_token: 'cnry_rt_rubbish' }),
  'a token type that nobody can send': json(200, { ...TOKENS, token_type: 'mac', refresh_token: 'cnry_rt_rubbish' }),
  'an error nobody has heard of, with 200': json(200, { ok: false, error: 'something_odd' }),
  'server_error with 200': json(200, { error: 'server_error' }),
  'an answer of 5 MB': bytes({}, Buffer.from(JSON.stringify({ ...TOKENS, filler: 'x'.repeat(5_000_000) }))),
  'a gzip bomb': bytes({ 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(30_000_000))),
  'a Brotli bomb': bytes({ 'content-encoding': 'br' }, brotliCompressSync(Buffer.alloc(20_000_000))),
  'gzip that is none': bytes({ 'content-encoding': 'gzip' }, Buffer.from(JSON.stringify(TOKENS))),
  'gzip cut short': bytes({ 'content-encoding': 'gzip' }, gzipSync(JSON.stringify(TOKENS)).subarray(0, 20)),
  'an encoding nobody asked for': bytes({ 'content-encoding': 'zstd' }, Buffer.from('x')),
});

/** Not where we asked. */
const REDIRECTS = named('doubt', {
  'a 301 without a place': page(301),
  'a 302 to a login page': page(302, { location: '/login' }),
  'a 307 back to itself': page(307, { location: '/token' }),
  'a 308 to another host': json(308, {}, { location: 'https://elsewhere.example/token' }),
});

/** Servers that fail, whatever they say about it. */
const FAILURES = named('doubt', {
  'a 500 page': page(500),
  'a 500 that says invalid_grant': json(500, INVALID_GRANT),
  'a 501': page(501),
  'a 502 page of a proxy': page(502),
  'a 502 that says invalid_client': json(502, { error: 'invalid_client' }),
  'a 503 page': page(503),
  'a 503 that says invalid_grant': json(503, INVALID_GRANT),
  'a 504': text(504, 'upstream request timeout', 'text/plain'),
  'a 520': page(520),
  'a 529': json(529, { type: 'overloaded_error' }),
  'a 599': text(599, '', 'text/plain'),
  'a 408': page(408),
  'temporarily_unavailable with 400': json(400, { error: 'temporarily_unavailable' }),
  'server_error with 400': json(400, { error: 'server_error' }),
});

const LIMITED = [
  ...named('once', {
    'a 503 with a time': page(503, { 'retry-after': '30' }),
    'a 503 with a time that says invalid_grant': json(503, INVALID_GRANT, { 'retry-after': '30' }),
    'a 503 with a date': page(503, { 'retry-after': isoIn(3_600_000) }),
    'a 429 with a time': json(429, {}, { 'retry-after': '30' }),
    'a 429 with a date': json(429, {}, { 'retry-after': isoIn(3_600_000) }),
    'a 429 with a year': json(429, {}, { 'retry-after': '31536000' }),
    'a 429 with more seconds than there are': json(429, {}, { 'retry-after': '9'.repeat(30) }),
    'a 429 that says invalid_grant': json(429, INVALID_GRANT, { 'retry-after': '60' }),
  }),
  ...named('backoff', {
    'a 429 without a time': json(429, {}),
    'a 429 with a time that is over': json(429, {}, { 'retry-after': isoIn(-60_000) }),
    'a 429 with a negative time': json(429, {}, { 'retry-after': '-5' }),
    'a 429 with words': json(429, {}, { 'retry-after': 'soon' }),
    'slow_down with 400': json(400, { error: 'slow_down' }),
  }),
];

/** A refusal by somebody who is not the authorization server, or by one that says nothing definite. */
const REFUSALS = named('backoff', {
  'a 400 page': page(400),
  'an empty 400': text(400, '', 'application/json'),
  'a 400 with an object for an error': json(400, { error: { code: 'invalid_grant', message: 'x' } }),
  'a 400 with invalid_grant in its description alone': json(400, { error: 'odd', error_description: 'invalid_grant' }),
  'a 400 with Invalid_Grant': json(400, { error: 'Invalid_Grant' }),
  'a 401 page of a proxy': page(401, { 'www-authenticate': 'Basic realm="proxy"' }),
  'a 403 page of a firewall': page(403),
  'a 404 page': page(404),
  'a 405': page(405),
  'a 407': page(407),
  'a 410': page(410),
  'a 418': text(418, 'short and stout', 'text/plain'),
  'a 451': page(451),
});

/** Ours to mend, and no person's. */
const OURS = [
  ...named('once', {
    'invalid_client with 401': json(401, { error: 'invalid_client' }),
    'unauthorized_client with 400': json(400, { error: 'unauthorized_client' }),
  }),
  ...named('backoff', {
    'invalid_request with 400': json(400, { error: 'invalid_request' }),
    'unsupported_grant_type with 400': json(400, { error: 'unsupported_grant_type' }),
  }),
];

/** Nothing of these may cost the account its refresh token or its place among the active ones. */
export const CHAOS: readonly Chaos[] = [
  ...TRANSPORT,
  ...MALFORMED,
  ...REDIRECTS,
  ...FAILURES,
  ...LIMITED,
  ...REFUSALS,
  ...OURS,
];

/** Tokens, and something odd beside them. `refresh`: the refresh token that has to be stored afterwards. */
export interface OddTokens {
  name: string;
  /** What of a good answer is replaced; undefined takes it out. */
  change: (call: TokenCall) => Record<string, unknown>;
  refresh: 'sent' | 'issued';
}

const odd = (refresh: OddTokens['refresh'], changes: Record<string, Record<string, unknown>>): OddTokens[] =>
  Object.entries(changes).map(([name, change]) => ({ name, change: () => change, refresh }));

export const ODD_TOKENS: readonly OddTokens[] = [
  ...odd('sent', {
    'refresh_token absent': { refresh_token: undefined },
    'refresh_token null': { refresh_token: null },
    'refresh_token empty': { refresh_token: '' },
    'refresh_token a list': { refresh_token: ['cnry_rt_list'] },
    'refresh_token a number': { refresh_token: 42 },
    'refresh_token an object': { refresh_token: { value: 'cnry_rt_object' } },
    'refresh_token false': { refresh_token: false },
  }),
  {
    name: 'the refresh token that was sent',
    change: ({ refreshToken }) => ({ refresh_token: refreshToken }),
    refresh: 'sent',
  },
  ...odd('issued', {
    'expires_in -1': { expires_in: -1 },
    'expires_in 0': { expires_in: 0 },
    'expires_in 1e99': { expires_in: 1e99 },
    'expires_in "3600"': { expires_in: '3600' },
    'expires_in "NaN"': { expires_in: 'NaN' },
    'expires_in null': { expires_in: null },
    'expires_in a list': { expires_in: [3600] },
    'token_type missing': { token_type: undefined },
    'token_type null': { token_type: null },
    'token_type in capitals': { token_type: 'BEARER' },
    'scope a number': { scope: 7 },
    'scope empty': { scope: '' },
    'members nobody knows': { error: null, refresh_token_expires_in: 'never' },
  }),
];

/** An answer that only the person can mend, and what the account has to say then. */
export interface Definite {
  name: string;
  answer: Chaos['answer'];
  reason: string;
}

const definite = (reason: string, answers: Record<string, Chaos['answer']>): Definite[] =>
  Object.entries(answers).map(([name, answer]) => ({ name, answer, reason }));

/** The synonyms and the administrator's word are rules of an entry: `DEFINITE_RULES`. */
export const DEFINITE: readonly Definite[] = [
  ...definite('revoked_or_expired', {
    'invalid_grant with 400': json(400, INVALID_GRANT),
    'invalid_grant with 401': json(401, INVALID_GRANT),
    'invalid_grant with 403': json(403, INVALID_GRANT),
    'invalid_grant with 200': json(200, INVALID_GRANT),
    'invalid_grant called text/html': text(400, JSON.stringify(INVALID_GRANT), 'text/html'),
    'invalid_grant behind a mark of byte order': text(
      400,
      `\ufeff${JSON.stringify(INVALID_GRANT)}`,
      'application/json',
    ),
    'invalid_grant in gzip': raw((response) => {
      response.writeHead(400, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify(INVALID_GRANT)));
    }),
    'a synonym with 200': json(200, { error: 'bad_refresh_token' }),
    'a synonym with 403': json(403, { error: 'gone_for_good' }),
    'ok false with 200': json(200, { ok: false, error: 'token_revoked' }),
  }),
  ...definite('interaction', {
    interaction_required: json(400, { error: 'interaction_required' }),
    login_required: json(400, { error: 'login_required' }),
    consent_required: json(401, { error: 'consent_required' }),
  }),
  ...definite('admin', { 'an administrator who forbids it': json(403, { error: 'app_blocked' }) }),
];

export const DEFINITE_RULES = [
  { when: { code: ['bad_refresh_token', 'gone_for_good', 'token_revoked'] }, class: 'reconnect' },
  { when: { code: ['app_blocked'] }, class: 'admin_blocked' },
];
