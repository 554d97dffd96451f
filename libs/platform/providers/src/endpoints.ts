import { missingFor } from './parameters.js';
import { fillUrl, missingIn, type Values } from './placeholders.js';
import type { ProviderEntry } from './provider-entry.js';
import { ConnectionMisconfiguredError, MissingParametersError } from './providers.errors.js';

export interface ResolvedEndpoints {
  authorization: string;
  token: string;
  refresh?: string;
  revocation?: string;
  introspection?: string;
  userinfo?: string;
  jwks?: string;
  /** Still with a placeholder where the claims of each ID token say it. */
  issuer?: string;
}

type Metadata = Record<string, unknown>;
const OPTIONAL = {
  refresh: undefined,
  revocation: 'revocation_endpoint',
  introspection: 'introspection_endpoint',
  userinfo: 'userinfo_endpoint',
  jwks: 'jwks_uri',
} as const;

/** What the entry says wins over discovery; what it does not say comes from there. */
export function endpointsOf(
  entry: ProviderEntry,
  metadata: Metadata,
  values: Values,
  issuer: string | undefined,
): { endpoints: ResolvedEndpoints; tokenOrigin: () => string } {
  const given = entry.endpoints;
  const endpoints = {
    authorization: required(given.authorization, metadata['authorization_endpoint'], 'authorization endpoint', values),
    ...(issuer === undefined ? {} : { issuer }),
  } as ResolvedEndpoints;
  for (const [name, member] of Object.entries(OPTIONAL) as [keyof typeof OPTIONAL, string | undefined][]) {
    const url = known(given[name], member === undefined ? undefined : metadata[member], values);
    if (url !== undefined) endpoints[name] = absolute(url, `${name} endpoint`);
  }
  if (isOpen(entry, 'token', values)) later(endpoints, 'token', entry, values);
  else endpoints.token = required(given.token, metadata['token_endpoint'], 'token endpoint', values);
  if (isOpen(entry, 'refresh', values)) later(endpoints, 'refresh', entry, values);
  // Stored tokens go where refreshes go. That is what they are bound to, so that moving it asks people again.
  return { endpoints, tokenOrigin: () => new URL(endpoints.refresh ?? endpoints.token).origin };
}

/** It waits for what the flow brings; what an administrator left out is looked for in metadata. */
const isOpen = ({ params, endpoints }: ProviderEntry, name: 'token' | 'refresh', values: Values): boolean =>
  missingIn(endpoints[name] ?? '', values).some((missing) => (params[missing]?.source ?? 'admin') !== 'admin');

/** Asking for it before the flow has said the rest is an error; nothing else may take its place. */
function later(endpoints: ResolvedEndpoints, name: 'token' | 'refresh', entry: ProviderEntry, values: Values): void {
  Object.defineProperty(endpoints, name, {
    get: () => {
      throw new MissingParametersError(missingFor(entry, entry.endpoints[name]!, values));
    },
  });
}

const known = (template: string | undefined, found: unknown, values: Values): string | undefined =>
  template !== undefined && missingIn(template, values).length === 0
    ? fillUrl(template, values)
    : typeof found === 'string'
      ? found
      : undefined;

function required(template: string | undefined, found: unknown, what: string, values: Values): string {
  const url = known(template, found, values);
  if (!url) throw new ConnectionMisconfiguredError(`it has no ${what}`);
  return absolute(url, what);
}

function absolute(url: string, what: string): string {
  if (!URL.canParse(url)) throw new ConnectionMisconfiguredError(`its ${what} is not a URL`);
  return url;
}
