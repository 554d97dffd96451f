import { parseJson, repeatsMember, ValidationError } from '@strongroom/http';
import { RequestInvalidError } from './exchange.errors.js';

export const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

const MAX_BYTES = 32 * 1024;
const MAX_FIELDS = 32;

/** What came in the body: each parameter with every value it had. Order of check 1 of §1.3. */
export type Parameters = ReadonlyMap<string, readonly string[]>;

/**
 * Reads a form or a JSON object of strings.
 *
 * @throws RequestInvalidError 400, or 413 above 32 KiB
 */
export function readParameters(
  mediaType: string,
  body: Buffer,
  taken: readonly string[] = [FORM, JSON_TYPE],
): Parameters {
  if (body.length > MAX_BYTES) throw new RequestInvalidError('the body is larger than 32 KiB', 413);
  if (!taken.includes(mediaType)) throw new RequestInvalidError(`the body must be ${taken.join(' or ')}`);
  return mediaType === FORM ? readForm(body) : readObject(body);
}

function readForm(body: Buffer): Parameters {
  const parameters = new Map<string, string[]>();
  const text = body.toString('utf8');
  if (text.includes('\ufffd') || /%(?![0-9a-f]{2})/i.test(text))
    throw new RequestInvalidError('the form cannot be read');
  for (const [name, value] of new URLSearchParams(text)) parameters.set(name, [...(parameters.get(name) ?? []), value]);
  if (parameters.size > MAX_FIELDS) throw new RequestInvalidError(`the form has more than ${MAX_FIELDS} fields`);
  return parameters;
}

function readObject(body: Buffer): Parameters {
  let value: unknown;
  try {
    value = parseJson(body);
  } catch (error) {
    throw error instanceof ValidationError ? new RequestInvalidError(saidOf(error)) : error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new RequestInvalidError('the body must be a JSON object');
  const members = Object.entries(value as Record<string, unknown>);
  for (const [name, member] of members)
    if (typeof member !== 'string') throw new RequestInvalidError(`${shown(name)} must be a string`);
  if (repeatsMember(body, value)) throw new RequestInvalidError('a parameter was sent more than once');
  return new Map(members.map(([name, member]) => [name, [member as string]]));
}

function saidOf({ problems }: ValidationError): string {
  const { path, detail } = problems[0]!;
  return path.length === 0 ? detail : `${shown(path.join('.'))} ${detail}`;
}

/** Parameters come from anybody: only plain names are repeated in an answer. */
const shown = (name: string): string => (/^[\w.-]{1,64}$/.test(name) ? name : 'a parameter');

/** The values of a request in which no parameter stands twice. An empty value counts as absent (RFC 6749 §3.2). */
export class SentOnce {
  /** @throws RequestInvalidError 400 that names what was sent more than once, or is no text */
  constructor(private readonly parameters: Parameters) {
    for (const [name, values] of parameters) {
      if (values.length > 1) throw new RequestInvalidError(`${shown(name)} was sent more than once`);
      // Percent-encoded bytes that are no UTF-8 became another value than was sent.
      if ([name, ...values].join('').includes('\ufffd'))
        throw new RequestInvalidError(`${shown(name)} is not encoded as UTF-8`);
    }
  }

  get(name: string): string | null {
    return this.parameters.get(name)?.[0] || null;
  }

  /** @throws RequestInvalidError 400 */
  required(name: string): string {
    return this.get(name) ?? missing(name);
  }
}

export function missing(name: string): never {
  throw new RequestInvalidError(`Missing required parameter: ${name}`);
}

/**
 * The grant that is asked for.
 *
 * @throws RequestInvalidError 400 if it is missing or stands twice
 */
export function grantTypeOf(parameters: Parameters): string {
  const values = parameters.get('grant_type') ?? [];
  if (values.length > 1) throw new RequestInvalidError('grant_type was sent more than once');
  return values[0] || missing('grant_type');
}
