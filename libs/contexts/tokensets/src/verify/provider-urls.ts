import { MissingParametersError, type ResolvedProvider } from '@strongroom/providers';

/** What we would call ourselves; the authorization page is opened by browsers. */
const CALLED = ['token', 'refresh', 'revocation', 'introspection', 'userinfo', 'jwks'] as const;

export interface ProviderUrls {
  urls: string[];
  /** Parameters that only an account brings, and without which some addresses are not known. */
  missing: string[];
}

export function urlsOf(provider: ResolvedProvider, discovery: string | null): ProviderUrls {
  const missing = new Set<string>();
  const urls: (string | null | undefined)[] = [discovery, provider.pushedEndpoint];
  for (const name of CALLED) {
    try {
      urls.push(provider.endpoints[name]);
    } catch (error) {
      if (!(error instanceof MissingParametersError)) throw error;
      for (const { name: parameter } of error.parameters) missing.add(parameter);
    }
  }
  urls.push(provider.entry.identity.request?.url);
  return { urls: urls.flatMap((url) => known(provider, url)), missing: [...missing] };
}

/** One whose host an account says stays open; a token in a path does not matter here. */
function known({ values }: ResolvedProvider, template: string | null | undefined): string[] {
  const url = template?.replaceAll(/\{([\w-]+)\}/g, (whole, name: string) => values[name] ?? whole);
  return url === undefined || /^[a-z]+:\/\/[^/]*[{}]/i.test(url) || !URL.canParse(url) ? [] : [url];
}
