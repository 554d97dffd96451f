import { VaultError } from '@strongroom/errors';
import { apiAt, isPageAt } from './surfaces.js';
import { ValidationError } from './validation.js';

/** `spec/threats.md` §9, what of it holds for every request whatever its route; fixed. */
const KIB = 1024;
const MOST_HEADER_BYTES = 16 * KIB;
const MOST_HEADERS = 100;
const LONGEST_URL = 8 * KIB;
const LONGEST_TOKEN = 8 * KIB;
const MOST_FIELDS = 32;
const MOST_OF_ONE_NAME = 20;

/** Of a body that no route takes; each route takes less or as much. */
export const LARGEST_BODY = 256 * KIB;
/**
 * Node counts address and headers together and says nothing of a head that it refuses, which may have come in parts: each has
 * its own limit here, with an answer that says which it was, in the shape of the API that was asked.
 */
export const PARSER_BYTES = 128 * KIB;

/** Names that would reach into what every object has. */
export const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A request beyond a limit, in words that hold nothing of it. */
export class BeyondLimitError extends VaultError {
  constructor(status: 400 | 413 | 414 | 415 | 431, message: string) {
    super(message, { code: status === 415 ? 'unsupported_media_type' : 'invalid_request', status });
  }
}

/** How much of a body is read at an address, in bytes. */
export function largestBodyAt(url: string): number {
  const api = apiAt(url);
  return api === 'management' ? LARGEST_BODY : api === 'my-account' ? 64 * KIB : 32 * KIB;
}

export const bodyTooLargeAt = (url: string): BeyondLimitError =>
  new BeyondLimitError(413, `the body is larger than ${largestBodyAt(url) / KIB} KiB`);

export const urlTooLong = (): BeyondLimitError =>
  new BeyondLimitError(414, `the address is longer than ${LONGEST_URL / KIB} KiB`);

export const headersTooLarge = (): BeyondLimitError =>
  new BeyondLimitError(431, `the headers are larger than ${MOST_HEADER_BYTES / KIB} KiB together`);

/** Of two of a name Node keeps the first and says nothing: whoever sent the other would be taken for somebody else. */
const ONCE: ReadonlySet<string> = new Set(['authorization', 'content-type']);

/** What an edge says beside what it was sent, in lower case. */
export const BY_EDGE = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'];

interface Head {
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly authorization: string | undefined;
  readonly dpop: string | undefined;
  readonly transferEncoding: string | undefined;
  /** Names in lower case of what a believed proxy wrote itself: it is no part of what the client sent. */
  readonly byProxy: ReadonlySet<string>;
}

/** @throws BeyondLimitError, ValidationError for a name that a query may not have */
export function checkHead({ url, rawHeaders, authorization, dpop, transferEncoding, byProxy }: Head): void {
  if (url.length > LONGEST_URL) throw urlTooLong();
  let count = 0;
  let bytes = 0;
  const seen = new Set<string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    if (byProxy.has(name)) continue;
    if (ONCE.has(name) && seen.size === seen.add(name).size)
      throw new BeyondLimitError(400, `the header ${name} is there more than once`);
    count++;
    bytes += name.length + rawHeaders[i + 1]!.length + 4; // with `: ` and the end of the line
  }
  if (count > MOST_HEADERS) throw new BeyondLimitError(431, `the request has more than ${MOST_HEADERS} headers`);
  if (bytes > MOST_HEADER_BYTES) throw headersTooLarge();
  // `gzip, chunked` compresses what Content-Encoding would have named.
  if (transferEncoding !== undefined && transferEncoding.toLowerCase() !== 'chunked')
    throw new BeyondLimitError(415, 'the body must be sent uncompressed');
  for (const [name, value] of [
    ['the token', /^(?:bearer|dpop) +(.+)$/i.exec(authorization ?? '')?.[1]],
    ['the proof', dpop],
  ] as const)
    if (value !== undefined && value.length > LONGEST_TOKEN) throw tooLong(name);
  const question = url.indexOf('?');
  if (question >= 0) checkQuery(url.slice(question + 1));
}

const tooLong = (what: string) => new BeyondLimitError(400, `${what} is longer than ${LONGEST_TOKEN / KIB} KiB`);

function checkQuery(query: string): void {
  const times = new Map<string, number>();
  for (const name of namesIn(query)) {
    if (FORBIDDEN_NAMES.has(name)) throw ValidationError.of('query', name, 'is a name that no member may have');
    const count = (times.get(name) ?? 0) + 1;
    if (count > MOST_OF_ONE_NAME)
      throw new ValidationError('query', [
        { path: [], detail: `the same name is there more than ${MOST_OF_ONE_NAME} times` },
      ]);
    times.set(name, count);
  }
}

/** Fields that hold a token, or what stands for a client. Of the others programs may send what they like: it is ignored. */
const OF_TOKENS = /token|assertion|^client_|^code/;

/** Where clients and pages send forms, or the same as JSON. No token is longer than it may be, and nothing on a page is. */
export function checkFields(url: string, mediaType: string, body: Buffer): void {
  const isForm = mediaType === 'application/x-www-form-urlencoded';
  if (isForm) {
    let fields = 0;
    for (const name of namesIn(body.toString('latin1'))) {
      if (++fields > MOST_FIELDS) throw new BeyondLimitError(400, `the form has more than ${MOST_FIELDS} fields`);
      if (FORBIDDEN_NAMES.has(name)) throw new BeyondLimitError(400, `${name} is a name that no field may have`);
    }
  }
  if (body.length <= LONGEST_TOKEN) return;
  const fields = isForm ? [...new URLSearchParams(body.toString('utf8'))] : membersOf(mediaType, body);
  for (const [name, value] of fields)
    if (typeof value === 'string' && value.length > LONGEST_TOKEN && (OF_TOKENS.test(name) || isPageAt(url)))
      throw tooLong(/^[\w.-]{1,64}$/.test(name) ? name : 'a field');
}

function membersOf(mediaType: string, body: Buffer): [string, unknown][] {
  if (mediaType !== 'application/json') return [];
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? Object.entries(value) : [];
  } catch {
    return []; // whoever reads it says so
  }
}

/** Of a query or a form, decoded where they have to be. */
function* namesIn(text: string): Generator<string> {
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const name = pair.split('=', 1)[0]!;
    yield /[%+]/.test(name) ? (new URLSearchParams(name).keys().next().value ?? '') : name;
  }
}
