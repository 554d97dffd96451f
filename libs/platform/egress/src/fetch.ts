import type { Egress, EgressRequest } from './egress.js';
import { EgressFailedError } from './egress.errors.js';

const MAX_KEYS_IN_A_SET = 50;
const WITHOUT_BODY = [204, 205, 304];

/** The part of `fetch` that libraries for OAuth use: a URL, headers, and a body that is text or bytes. */
export function fetchThrough(egress: Pick<Egress, 'check' | 'request'>): typeof globalThis.fetch {
  return async (input, init = {}) => {
    // First: `Request` refuses some URLs by itself, and then quotes them whole, user information included.
    egress.check(input instanceof Request ? input.url : String(input));
    const asked = new Request(input, { ...init, signal: null });
    const body = asked.body === null ? undefined : Buffer.from(await asked.arrayBuffer());
    const answer = await egress.request({
      method: asked.method as EgressRequest['method'],
      url: asked.url,
      headers: Object.fromEntries(asked.headers),
      ...(body && { body }),
      ...(init.signal && { signal: init.signal }),
    });
    refuseManyKeys(answer.body);
    if (answer.status < 200 || answer.status > 599) throw new EgressFailedError('invalid_answer', 'maybe', 'status');
    const content = WITHOUT_BODY.includes(answer.status) ? null : new Uint8Array(answer.body);
    return new Response(content, { status: answer.status, headers: answer.headers });
  };
}

/** A key set is searched for each token, so it must not be long. */
function refuseManyKeys(body: Buffer): void {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder().decode(body)); // as Response.json() does, which skips a byte order mark
  } catch {
    return; // not JSON; for the reader to say so
  }
  const keys = (parsed as { keys?: unknown } | null)?.keys;
  if (Array.isArray(keys) && keys.length > MAX_KEYS_IN_A_SET) throw new EgressFailedError('too_large', 'maybe', 'keys');
}
