import type { ResolvedEndpoints } from './endpoints.js';
import type { Values } from './placeholders.js';
import type { ClientAuthMethod, ProviderEntry, ProviderScope } from './provider-entry.js';

/** What the engine needs of a connection; `ConnectionView` of the contracts fits. */
export interface ProviderConnection {
  connectionId: string;
  name: string;
  strategy: string;
  options: Record<string, unknown>;
  /** What discovery said; null where there is none. */
  metadata: Record<string, unknown> | null;
}

/** `spec/refresh.md` §3: what may be done after an answer that never came. */
export type RotationClass = 'none' | 'repeatable' | 'grace' | 'strict';

/** A permission as people see it. */
export type ScopeInfo = Required<Omit<ProviderScope, 'option'>> & { option: string[] };

/** One connection, ready to be spoken to. Holds no secret. */
export interface ResolvedProvider {
  connectionId: string;
  name: string;
  strategy: string;
  /** The entry that governs, which `whenRefreshable` may have chosen. */
  providerId: string;
  providerName: string;
  /** SHA-256 of that entry, for the audit row of each call. */
  version: string;
  clientId: string;
  isOidc: boolean;
  /** The entry with the connection's options over it. */
  entry: ProviderEntry;
  /** `token` and `authorization` throw `MissingParametersError` where only a callback or an ID token could say them. */
  endpoints: ResolvedEndpoints;
  /** Tokens that came from here are sent nowhere else (`spec/threats.md` M3). */
  tokenOrigin: string;
  /** Where tokens came from before; tokensets bound there stay good. */
  formerTokenOrigins: string[];
  /** Filled parameters of the entry. */
  params: Record<string, string>;
  /** All that placeholders are filled from, but for what one call adds. */
  values: Values;
  /** As configured; base and offline scopes are not in it. */
  scopes: string[];
  scopeCatalogue: ScopeInfo[];
  /** The connection did not switch offline access off. */
  offlineAllowed: boolean;
  /** In the order of preference; the first one that can be used is. */
  clientAuthMethods: ClientAuthMethod[];
  /** Values sent with every authorization request, and names under which callers' values are sent too. */
  upstream: { fixed: Record<string, string>; aliases: Record<string, string> };
  /** Metadata promises `iss` in every callback (RFC 9207). */
  issPromised: boolean;
  /** Metadata demands that authorization requests are pushed (RFC 9126). */
  requiresPush: boolean;
  pushedEndpoint?: string;
  /** Where a person sees and removes the access of apps; null: nobody says. */
  manageUrl: string | null;
  /** Where the app is registered. */
  registerUrl: string | null;
  rotation: RotationClass;
  graceSeconds: number;
  skewSeconds: number;
  refresh: ProviderEntry['refresh'];
}
