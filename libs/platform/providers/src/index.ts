/**
 * Speaks OAuth 2.0 and OpenID Connect to every provider; what differs between them is data. Pure functions around one
 * HTTP call. Holds no secret longer than a call, writes no table. Does not own who may call what: tokens and client
 * secrets pass through here in `tokensets` only.
 */
export { type AuthorizationFlow, authorizationRequest, isOwnedParameter, usesPkce } from './authorization-request.js';
export { Catalogue, type CatalogueProvider } from './catalogue.js';
export { type Callback, type CallbackRefusal, readCallback } from './callback.js';
export { classifyTransport, type ProviderError } from './classify.js';
export { discover } from './discover.js';
export {
  type IdentityDocuments,
  identityRequest,
  type ProviderIdentity,
  readIdentity,
  readIdentityAnswer,
} from './identity.js';
export { type IdTokenClaims, verifyIdToken } from './id-token.js';
export { type ErrorClass, type ProviderEntry, providerSettings, type ProviderSettings } from './provider-entry.js';
export {
  ConnectionMisconfiguredError,
  DiscoveryError,
  type IdTokenFault,
  IdTokenRefusedError,
  ProviderUnavailableError,
} from './providers.errors.js';
export { type ProviderConnection, type ResolvedProvider, type RotationClass } from './resolve.js';
export { isScope, missingScopes } from './scopes.js';
export { type ProviderTokens, readTokenAnswer } from './token-answer.js';
export { tokenRequest, type TokenRequestInput } from './token-request.js';
