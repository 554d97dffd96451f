import { isUnreachable, VaultError } from '@strongroom/errors';
import { bodyTooLargeAt, BeyondLimitError } from './limits.js';
import { html, page, pageHeaders } from './page.js';
import { apiAt, isPageAt } from './surfaces.js';
import { ValidationError } from './validation.js';

/** What goes back for an error: the shape depends on the API, the error does not know which. */
export interface ErrorAnswer {
  status: number;
  headers: Record<string, string>;
  /** Markup where people see it, else what becomes JSON. */
  body: unknown;
}

const STATUS_TEXT: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

export const statusText = (status: number): string => STATUS_TEXT[status] ?? 'Error';

/** `spec/wire-contract.md` §2.7. */
const PROBLEM_TITLES: Record<string, string> = {
  'A0E-400-0003': 'Validation Error',
  'A0E-401-0003': 'Invalid Token',
  'A0E-403-0001': 'Recent Sign-In Required',
  'A0E-403-0002': 'Insufficient Scope',
  'A0E-404-0001': 'Not Found',
  'A0E-409-0001': 'Conflict',
  'A0E-415-0001': 'Unsupported Media Type',
  'A0E-429-0001': 'Too Many Requests',
  'A0E-502-0001': 'Bad Gateway',
  'A0E-503-0001': 'Service Unavailable',
};
const PROBLEM_CODES: Record<number, string> = {
  400: 'A0E-400-0003',
  401: 'A0E-401-0003',
  403: 'A0E-403-0002',
  404: 'A0E-404-0001',
  409: 'A0E-409-0001',
  415: 'A0E-415-0001',
  429: 'A0E-429-0001',
  502: 'A0E-502-0001',
  503: 'A0E-503-0001',
};

/** Errors that are not ours become `server_error`: what they say may hold anything. A database that is away comes back. */
function known(error: unknown, path: string): VaultError {
  if (error instanceof VaultError) return error;
  const status = httpStatus(error);
  if (status === 413) return bodyTooLargeAt(path);
  // One that is no media type; those that a route does not take are for the route to refuse.
  if (status === 415 && apiAt(path) === null) return new BeyondLimitError(400, 'the content type cannot be read');
  if (status === 500 && isUnreachable(error))
    return new VaultError('The store does not answer at the moment. Try again.', {
      code: 'temporarily_unavailable',
      status: 503,
      retryAfter: 2,
      details: { reason: 'store_unavailable', retry_after: 2 },
      cause: error,
    });
  const code = status >= 500 ? 'server_error' : 'invalid_request';
  return new VaultError(messageFor(status), { code, status, cause: error });
}

const messageFor = (status: number): string =>
  status >= 500
    ? 'Something failed on our side and was logged. Try again; if it stays, tell the operator.'
    : (STATUS_TEXT[status] ?? 'The request could not be read.');

/** The status that Fastify or Nest gave an error of theirs; 500 for everything else. */
function httpStatus(error: unknown): number {
  const said = error as { statusCode?: unknown; getStatus?: () => number };
  const status = typeof said?.getStatus === 'function' ? said.getStatus() : said?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}

/** The answer in the shape of the API that `path` belongs to. */
export function errorAnswer(path: string, thrown: unknown): ErrorAnswer {
  const error = known(thrown, path);
  const isPage = isPageAt(path);
  const headers: Record<string, string> = isPage
    ? { ...pageHeaders, 'content-type': 'text/html; charset=utf-8' }
    : { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  if (error.retryAfter !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfter)));
  Object.assign(headers, nonceChallenge(error), limitReached(error));
  if (isPage) return { status: error.status, headers, body: problemPage(error.status) };
  const api = apiAt(path);
  const shape = api === 'management' ? management : api === 'my-account' ? problem : oauth;
  if (shape === problem && error.status === 429) headers['x-auth0-error-kind'] = 'global-rate-limit';
  return { status: error.status, headers, body: shape(error) };
}

/** What nobody's own page says: without a word of the request or of the error, which may hold what a stranger wrote. */
function problemPage(status: number): string {
  const what =
    status === 404
      ? 'There is no such page.'
      : status === 503
        ? 'There is too much to do at the moment. Try again in a few seconds.'
        : status >= 500
          ? 'Something failed on our side. Try again.'
          : 'The request could not be read.';
  return page('That did not work', html`<p>${what}</p>`).markup;
}

/** A proof of possession is wanted with the nonce that the header brings (RFC 9449 §§8, 9). */
function nonceChallenge({ code, status, details }: VaultError): Record<string, string> {
  if (code !== 'use_dpop_nonce') return {};
  return {
    'dpop-nonce': String(details?.['dpop_nonce']),
    ...(status === 401 ? { 'www-authenticate': 'DPoP error="use_dpop_nonce"' } : {}),
  };
}

/** Whoever refuses without having shown what was left says so by `rate_limit`, which is told in the headers alone. */
function limitReached({ details, retryAfter = 0 }: VaultError): Record<string, string> {
  if (typeof details?.['rate_limit'] !== 'number') return {};
  return {
    'x-ratelimit-limit': String(details['rate_limit']),
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000 + retryAfter)),
  };
}

/** `spec/wire-contract.md` §3.1. */
function management(error: VaultError): unknown {
  const shown = error.status >= 400 && error.code !== 'server_error' && error.code !== 'invalid_token';
  return {
    statusCode: error.status,
    error: statusText(error.status),
    message: error.code === 'invalid_token' ? invalidToken(error) : error.message,
    ...(shown ? { errorCode: error.code } : {}),
  };
}

/** One text for every way in which a token is no good; no token at all is said as such. */
const invalidToken = (error: VaultError): string =>
  error.details?.['reason'] === 'missing' ? 'Missing authentication' : 'Invalid token';

/** RFC 9457 in content, `spec/wire-contract.md` §2.7. */
function problem(error: VaultError): unknown {
  const code = error.code.startsWith('A0E-') ? error.code : PROBLEM_CODES[error.status];
  const validation_errors =
    error instanceof ValidationError
      ? error.problems.map((one) => ({
          detail: one.detail,
          ...(one.path.length ? { field: one.path.join('.') } : {}),
          pointer: one.path.map(pointerPart).join(''),
          source: error.part,
        }))
      : undefined;
  return {
    type: code ? `https://auth0.com/api-errors/${code}` : 'about:blank',
    title: (code && PROBLEM_TITLES[code]) ?? statusText(error.status),
    status: error.status,
    detail: validation_errors ? 'Invalid request payload input' : error.message,
    ...(validation_errors ? { validation_errors } : {}),
  };
}

/** RFC 6901 §3. */
const pointerPart = (part: string | number): string => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** RFC 6749 §5.2, `spec/wire-contract.md` §1.8. */
function oauth(error: VaultError): unknown {
  const { error_description_alias, ...said } = (error.details ?? {}) as Record<string, unknown>;
  const { dpop_nonce: _, rate_limit: __, ...details } = said; // in headers
  return {
    error: error instanceof ValidationError ? 'invalid_request' : error.code,
    error_description: error.message,
    ...(error_description_alias === true ? { description: error.message } : {}),
    ...(Object.keys(details).length > 0 ? { error_details: details } : {}),
  };
}
