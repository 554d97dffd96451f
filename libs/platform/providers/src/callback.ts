import { createHmac, timingSafeEqual } from 'node:crypto';
import { classify } from './classify.js';
import { isIssuer } from './issuer.js';
import type { CallbackSignature, ErrorClass } from './provider-entry.js';
import type { ResolvedProvider } from './resolved-provider.js';

export type CallbackRefusal = 'duplicate_parameter' | 'iss_missing' | 'iss_mismatch' | 'code_malformed';

export type Callback =
  | { outcome: 'code'; code: string; captured: Record<string, string> }
  | { outcome: 'error'; class: ErrorClass; code: string | null }
  | { outcome: 'refused'; reason: CallbackRefusal };

const MAX_CODE = 4096;

/**
 * Reads the query a provider sent the browser back with. `state`, cookie and path are the caller's to compare. `iss`
 * is looked at before anything else is believed, errors included (RFC 9207 §2.4).
 */
export function readCallback(resolved: ResolvedProvider, query: Record<string, unknown>): Callback {
  if (Object.values(query).some((value) => typeof value !== 'string'))
    return { outcome: 'refused', reason: 'duplicate_parameter' };
  const values = query as Record<string, string>;
  const refusal = wrongIssuer(resolved, values['iss']);
  if (refusal) return { outcome: 'refused', reason: refusal };
  if (values['error'] !== undefined) {
    const { class: kind, code } = classify(resolved, {
      phase: 'authorize',
      body: { error: values['error'], error_description: values['error_description'] },
    });
    return { outcome: 'error', class: kind, code };
  }
  const { codeParam, capture } = resolved.entry.authorization.callback;
  const code = values[codeParam];
  if (!code || code.length > MAX_CODE) return { outcome: 'refused', reason: 'code_malformed' };
  const captured = [...capture, ...callbackParams(resolved)]
    .filter((name) => Object.hasOwn(values, name))
    .map((name) => [name, values[name]!] as const);
  return { outcome: 'code', code, captured: Object.fromEntries(captured) };
}

/** A param that a callback brings is captured without being named again. */
const callbackParams = ({ entry: { params } }: ResolvedProvider): string[] =>
  Object.keys(params).filter((name) => params[name]!.source === 'callback');

/** RFC 9207: compared by exact string; required where metadata promises it or the entry says so. */
function wrongIssuer(resolved: ResolvedProvider, iss: string | undefined): CallbackRefusal | undefined {
  const policy = resolved.entry.authorization.iss;
  if (policy === 'ignore') return undefined;
  const isRequired = policy === 'require' || (policy === 'auto' && resolved.issPromised);
  if (iss === undefined) return isRequired ? 'iss_missing' : undefined;
  const { issuer } = resolved.endpoints;
  if (issuer === undefined) return isRequired ? 'iss_mismatch' : undefined;
  return isIssuer(resolved, issuer, iss) ? undefined : 'iss_mismatch';
}

/**
 * Whether the provider signed this query, where its entry says that it does; true where it says nothing. Only then
 * may captured values be believed.
 */
export function checkCallbackSignature(
  resolved: ResolvedProvider,
  query: Readonly<Record<string, string>>,
  clientSecret: string | null,
): boolean {
  const { signature } = resolved.entry.authorization.callback;
  if (!signature) return true;
  const given = Object.hasOwn(query, signature.param) ? query[signature.param]! : '';
  if (clientSecret === null || !/^[0-9a-f]{64}$/i.test(given)) return false;
  return timingSafeEqual(
    Buffer.from(given, 'hex'),
    Buffer.from(callbackSignature(signature, query, clientSecret), 'hex'),
  );
}

/** HMAC over all other members, sorted by name and written as a form. */
export function callbackSignature(
  { param }: Pick<CallbackSignature, 'param'>,
  query: Readonly<Record<string, string>>,
  clientSecret: string,
): string {
  const members = Object.entries(query)
    .filter(([name]) => name !== param)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha256', clientSecret).update(new URLSearchParams(members).toString()).digest('hex');
}
