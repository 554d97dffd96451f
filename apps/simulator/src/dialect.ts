import type { Answer, Request } from './http.js';
import type { Consent, Grant, IssuedTokens } from './grants.js';
import type { Members } from './members.js';
import type { CallPhase, ProviderSettings } from './settings.js';

/** What is wrong with a call, in words that every provider has its own for. */
export type Fault =
  | 'bad_request'
  | 'bad_grant_type'
  | 'bad_client'
  | 'dead_code'
  | 'dead_token'
  | 'wide_scope'
  | 'race'
  | 'blocked'
  | 'limited'
  | 'passing';

export interface Call {
  request: Request;
  phase: CallPhase;
  /** Which of the provider's addresses it came to. */
  role: string;
  members: Members;
  /** Values of the placeholders in the address. */
  params: Record<string, string>;
}

export interface RefusalDetails {
  /** How long to wait. */
  waitSeconds?: number;
  /** Repeated in the text, where a provider is told to do so. */
  echo?: string;
}

export interface TokenAnswer {
  phase: 'exchange' | 'refresh';
  grant: Grant;
  tokens: IssuedTokens;
}

/** A browser sent to the provider: what was asked, at which address. */
export interface Asked {
  query: URLSearchParams;
  params: Record<string, string>;
}

/**
 * How one provider speaks: what it wants to see in a request, and how it words its answers. What it grants, and which
 * token is alive, is the same for all and not decided here.
 */
export interface Dialect {
  /** With which settings it starts. */
  readonly defaults: ProviderSettings;
  /** How long its access tokens live where settings do not say; Infinity: they do not end. */
  readonly accessTokenSeconds: number;
  readonly codeSeconds: number;
  readonly codeParam: string;
  /** What a connection must say to have its provider here, where the catalogue leaves that to it. */
  readonly connectionOptions: Record<string, unknown>;

  /** Null: they are not joined as this provider joins them. */
  scopesOf(asked: Asked): string[] | null;
  /** Those of a token request, which may be joined in more than one way. */
  scopesIn(text: string): string[];
  labelOf(scope: string): string;
  /** What is wrong with an authorization request beyond client, redirect URI and response type; null: nothing. */
  problemOf(asked: Asked, settings: ProviderSettings): string | null;
  /** Whether a refresh token is due, after the person's choice of scopes. */
  isOffline(asked: Asked, granted: string[], settings: ProviderSettings): boolean;
  /** A scope that the flow needs and that partial consent does not withhold. */
  isNeeded(scope: string): boolean;
  /** Further values that come along, the parameters of the addresses among them. */
  paramsOf(asked: Asked): Record<string, string>;
  issuer(params: Record<string, string>): string;
  /** Members beside code, state and `iss`. */
  callback(consent: Pick<Consent, 'person' | 'params'>): [string, string][];
  denial(): [string, string][];
  /** A signature over the members, if this provider signs them. */
  signature(members: [string, string][], settings: ProviderSettings): [string, string][];

  tokenPhase(call: Pick<Call, 'members' | 'role'>): 'exchange' | 'refresh' | null;
  /** What is wrong with a token request before anybody looks at the grant. */
  tokenProblem(call: Call, settings: ProviderSettings): Promise<Fault | null>;
  /** Whether this refresh repeats the redirect URI where it must. */
  repeatsRedirectUri(call: Call, grant: Grant): boolean;
  tokens(answer: TokenAnswer): Promise<Answer>;
  refusal(phase: CallPhase, fault: Fault, details?: RefusalDetails): Answer;
}
