import type { FixtureRequest } from '@strongroom/providers';
import type { Received } from '../src/journal.js';

/** Every address in a value, as it is at the simulator. */
export function here(origin: string, id: string, value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^https:\/\//, `${origin}/${id}/`);
  if (Array.isArray(value)) return value.map((one) => here(origin, id, one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, here(origin, id, one)]));
}

/** What belongs to the connection and not to the request. */
const TRANSPORT = ['host', 'connection', 'accept-encoding', 'content-length', 'transfer-encoding', 'user-agent'];

interface Comparable {
  method: string;
  url: string;
  headers: Record<string, string>;
  /** Members in their order where order counts. */
  body: unknown;
}

/** A request that came, with what is new in each run put back to what was recorded. */
export function asSent({ method, url, headers, body }: Received, values: Record<string, string>): Comparable {
  const known = Object.entries(values).filter(([now]) => now !== '');
  const back = (text: string) => known.reduce((left, [now, then]) => left.replaceAll(now, then), text);
  const own = Object.entries(headers).filter(([name]) => !TRANSPORT.includes(name));
  return {
    method,
    url: back(url),
    headers: Object.fromEntries(own.map(([name, value]) => [name, back(value)])),
    body: withoutAssertion(parsed(body, headers['content-type'], back)),
  };
}

export function read({ method, url, headers = {}, body = '' }: FixtureRequest): Comparable {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const own = Object.fromEntries(lower.filter(([name]) => !TRANSPORT.includes(name)));
  return { method, url, headers: own, body: withoutAssertion(parsed(body, own['content-type'], (text) => text)) };
}

function parsed(body: string, type: string | undefined, back: (text: string) => string): unknown {
  if (type?.includes('json')) return body === '' ? '' : (JSON.parse(back(body)) as unknown);
  if (!type?.includes('form')) return back(body);
  return [...new URLSearchParams(body)].map(([name, value]) => [back(name), back(value)]);
}

/** Any assertion is as good as the recorded one; the simulator has verified it. */
const withoutAssertion = (body: unknown): unknown =>
  Array.isArray(body)
    ? (body as [string, string][]).map(([name, value]) => (name === 'client_assertion' ? [name, 'any'] : [name, value]))
    : body;
