import type { Catalogue, ResolvedProvider } from '@strongroom/providers';

/**
 * An endpoint as the catalogue has it, whatever the connection says. Whoever may edit a connection must not be able to
 * have tokens or its secret sent to himself (`spec/threats.md` M3); the catalogue is the operator's alone. A host that
 * the connection has a say in is not the catalogue's.
 */
export function shippedUrl(
  catalogue: Catalogue,
  { providerId, values }: ResolvedProvider,
  endpoint: 'token' | 'refresh' | 'introspection' | 'revocation',
): URL | undefined {
  const entry = catalogue.providers.get(providerId)?.entry;
  const template = (endpoint === 'revocation' ? entry?.revocation.url : undefined) ?? entry?.endpoints[endpoint];
  if (template === undefined || hasOpenHost(template)) return undefined;
  const url = template.replaceAll(/\{([\w-]+)\}/g, (_, name: string) => values[name] ?? '');
  return URL.canParse(url) ? new URL(url) : undefined;
}

const hasOpenHost = (template: string): boolean => /^[^/]*\{|\/\/[^/?#]*\{/.test(template);
