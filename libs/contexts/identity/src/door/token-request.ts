import type { IncomingMessage } from 'node:http';
import { clientAddress, clientCertificate, parseJson, repeatsMember } from '@strongroom/http';
import { BodyTooLargeError, InvalidRequestError } from '../authorization.errors.js';
import { presentedClient, type PresentedClient } from './client-authentication.js';

const MOST_BYTES = 32 * 1024;
const MOST_FIELDS = 32;
const CREDENTIALS = ['client_secret', 'client_assertion', 'client_assertion_type'];

/** Parameters of a request to the token or revocation endpoint: form or JSON, each once, all of them text. */
export class TokenRequest {
  private constructor(
    private readonly parameters: ReadonlyMap<string, string>,
    readonly client: PresentedClient,
  ) {}

  /** @throws InvalidRequestError */
  static read(request: IncomingMessage, body: Buffer, endpoints?: readonly string[]): TokenRequest {
    const { 'content-type': contentType, authorization } = request.headers;
    if (body.length > MOST_BYTES) throw new BodyTooLargeError();
    const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
    const parameters = new Map([...entries(type, body)].filter(([, value]) => value !== '')); // RFC 6749 §3.2
    const of = (name: string): string | null => parameters.get(name) ?? null;
    return new TokenRequest(
      parameters,
      presentedClient(
        {
          authorization: authorization ?? null,
          certificate: clientCertificate(request)?.pem ?? null,
          ip: clientAddress(request),
          clientId: of('client_id'),
          clientSecret: of('client_secret'),
          clientAssertion: of('client_assertion'),
          clientAssertionType: of('client_assertion_type'),
        },
        endpoints,
      ),
    );
  }

  get(name: string): string | undefined {
    return this.parameters.get(name);
  }

  required(name: string): string {
    const value = this.parameters.get(name);
    if (value === undefined) throw new InvalidRequestError(`Missing required parameter: ${name}`);
    return value;
  }

  /** @throws InvalidRequestError: leaving them out would sign somebody in elsewhere than was asked. */
  refuseOrganisations(): void {
    if (this.parameters.has('organization') || this.parameters.has('invitation'))
      throw new InvalidRequestError('organisations are not offered');
  }

  /** For the library: with the client that was authenticated, without what proved it. */
  formFor(clientId: string): string {
    const form = new URLSearchParams(
      [...this.parameters].filter(([name]) => ![...CREDENTIALS, 'resource'].includes(name)),
    );
    form.set('client_id', clientId);
    return form.toString();
  }
}

/** @throws InvalidRequestError for what would be read as something else than was meant, or in part. */
function entries(type: string, body: Buffer): Map<string, string> {
  return type === 'application/json' ? jsonEntries(body) : formEntries(type, body);
}

function formEntries(type: string, body: Buffer): Map<string, string> {
  if (type !== 'application/x-www-form-urlencoded')
    throw new InvalidRequestError('send application/x-www-form-urlencoded or application/json');
  const text = body.toString('utf8');
  if (text.includes('\ufffd') || /%(?![0-9a-f]{2})/i.test(text))
    throw new InvalidRequestError('the form cannot be read');
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (found.has(name)) throw new InvalidRequestError(`${name.slice(0, 100)} is there twice`);
    found.set(name, value);
  }
  if (found.size > MOST_FIELDS) throw new InvalidRequestError(`there are more than ${MOST_FIELDS} parameters`);
  return found;
}

function jsonEntries(body: Buffer): Map<string, string> {
  const parsed = parseJson(body);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new InvalidRequestError('the body must be a JSON object');
  for (const [name, value] of Object.entries(parsed))
    if (typeof value !== 'string') throw new InvalidRequestError(`${name.slice(0, 100)} must be a string`);
  if (repeatsMember(body, parsed)) throw new InvalidRequestError('a parameter is there twice');
  return new Map(Object.entries(parsed as Record<string, string>));
}
