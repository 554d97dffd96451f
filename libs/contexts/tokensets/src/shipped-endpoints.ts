import type { Catalogue, ResolvedProvider } from '@strongroom/providers';

/**
 * An endpoint as the catalogue has it, whatever the connection says. Whoever may edit a connection must not be able to
 * have tokens or its secret sent to himself (`spec/threats.md` M3); the catalogue is the operator's alone.
 */
export function shippedUrl(
  catalogue: Catalogue,
  { providerId, clientId, params }: ResolvedProvider,
  endpoint: 'token' | 'introspection',
): URL | undefined {
  const template = catalogue.providers.get(providerId)?.entry.endpoints[endpoint];
  const known: Record<string, string> = { client_id: clientId, ...params };
  const url = template?.replaceAll(/\{(\w+)\}/g, (_, name: string) => known[name] ?? '');
  return url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
}
