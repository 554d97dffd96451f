/**
 * HTTP in: bodies, checks, errors in the shape of each API, bearer tokens, lists and pages.
 * Owns no route; knows no product word but the names of our own APIs.
 */
export { AlsoAnswers, Answers, answersOf, type RouteAnswer } from './answers.js';
export { BearerGuard, Caller, InsufficientScopeError, ManagementApi, MyAccountApi, Scopes } from './bearer.guard.js';
export {
  JsonBody,
  mediaType,
  ParsedQuery,
  parseJson,
  rawBody,
  repeatsMember,
  UnsupportedMediaTypeError,
} from './body.js';
export { serveCors } from './cors.js';
export { type DescribedRoute, describedRoutes } from './described-routes.js';
export { endConnectionsOnClose } from './drain.js';
export { errorAnswer, type ErrorAnswer } from './error-answer.js';
export { NestLogger } from './nest-logger.js';
export { OtherGrants } from './other-grants.js';
export { addressesOf, clientAddress, clientCertificate, type ClientCertificate, setSender } from './sender.js';
export { serveHealth } from './health.js';
export { html, Html, page, pageHeaders, sendPage, sendSeeOther, styles, STYLES_PATH } from './page.js';
export {
  cursor,
  listAnswer,
  listQuery,
  listSchema,
  openCursor,
  pageSchema,
  type ListQuery,
  type ListSource,
} from './pagination.js';
export { PublicUrl } from './public-url.js';
export { type Allowance, RateLimits, showAllowance } from './rate-limits.js';
export { likePattern, searchQuery, type SearchTerm } from './search-terms.js';
export { type MetricsListener, serveMetrics } from './serve-metrics.js';
export { httpAdapter, prepareHttp, type HttpServerOptions } from './server.js';
export { parse, ValidationError, type Problem } from './validation.js';
export { WebOrigins } from './web-origins.js';
