/**
 * Speaks OAuth 2.0 and OpenID Connect to every provider; what differs between them is data. Pure functions around one
 * HTTP call. Holds no secret longer than a call, writes no table. Does not own who may call what: tokens and client
 * secrets pass through here in `tokensets` only.
 */
export {
  type AuthorizationFlow,
  type AuthorizationRequest,
  authorizationRequest,
  usesPkce,
} from './authorization-request.js';
export {
  type Callback,
  type CallbackRefusal,
  callbackSignature,
  checkCallbackSignature,
  readCallback,
} from './callback.js';
export { Catalogue, type CatalogueProvider } from './catalogue.js';
export {
  type Fixture,
  type FixtureCase,
  type FixtureCaseGiven,
  type FixtureFile,
  type FixtureGiven,
  type FixtureRequest,
  type FixtureResponse,
  loadFixtures,
} from './catalogue/fixtures.js';
export { checkProviderSettings, providerSettings } from './catalogue-schema.js';
export type { PlacedFault as SettingsFault } from './faults.js';
export { classify, classifyTransport, type ProviderError } from './classify.js';
export { codeReceiver } from './code-receiver.js';
export { type Discovery, discover } from './discover.js';
export {
  type IdentityDocuments,
  identityRequest,
  isAccountNamed,
  type ProviderIdentity,
  readIdentity,
  readIdentityAnswer,
} from './identity.js';
export { type IdTokenClaims, verifyIdToken } from './id-token.js';
export { type Introspected, introspectionRequest, readIntrospection } from './introspection.js';
export { isOwnedParameter } from './owned-parameters.js';
export { isParameterValue } from './parameters.js';
export type {
  ClientAuthMethod,
  ErrorClass,
  ProviderEntry,
  ProviderParam,
  ProviderScope,
  ProviderSettings,
} from './provider-entry.js';
export {
  type CatalogueFault,
  ConnectionMisconfiguredError,
  DiscoveryError,
  type IdTokenFault,
  IdTokenRefusedError,
  InvalidCatalogueError,
  type MissingParameter,
  MissingParametersError,
  ProviderUnavailableError,
} from './providers.errors.js';
export type { ProviderConnection, ResolvedProvider, RotationClass, ScopeInfo } from './resolved-provider.js';
export { pushedAuthorizationRequest, type PushedRequest, pushedUrl, readPushedAnswer } from './pushed-request.js';
export {
  readRevocation,
  revocableTokens,
  type RevocationOutcome,
  revocationRequest,
  type TokensToRevoke,
} from './revocation.js';
export {
  configuredScopes,
  isOneResource,
  isScope,
  missingScopes,
  permissionScopes,
  scopesBeyond,
  unknownPermissions,
} from './scopes.js';
export { shippedSpellings } from './shipped-spellings.js';
export { type ProviderTokens, readTokenAnswer } from './token-answer.js';
export { tokenRequest, type TokenRequestInput } from './token-request.js';
