import type { ResolvedProvider } from './resolved-provider.js';

const KNOWN_BEFORE = ['admin', 'user'];

/**
 * Where a code of a flow may be redeemed: the origin of the token endpoint. What only the callback can say of it stays
 * a placeholder, so that the answer is the same before and after.
 */
export function codeReceiver({ entry, endpoints, values }: ResolvedProvider): string {
  const template = /^[^/]*\/\/[^/?#]*/.exec(entry.endpoints.token ?? '')?.[0] ?? '';
  const isOpen = (name: string): boolean => !KNOWN_BEFORE.includes(sourceOf(entry, name));
  const names = [...template.matchAll(/\{([\w-]+)\}/g)].map(([, name]) => name!);
  if (!names.some(isOpen)) return new URL(endpoints.token).origin;
  return template.replace(/\{([\w-]+)\}/g, (whole, name: string) => (isOpen(name) ? whole : (values[name] ?? whole)));
}

/** What no param declares comes with the callback or the answer. */
const sourceOf = ({ params }: ResolvedProvider['entry'], name: string): string =>
  Object.hasOwn(params, name) ? (params[name]!.source ?? 'admin') : 'callback';
