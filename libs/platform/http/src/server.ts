import type { IncomingMessage } from 'node:http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, FastifyRequest, RawServerDefault } from 'fastify';
import type { Logger } from '@strongroom/observability';
import { endConnectionsOnClose } from './drain.js';
import { ErrorFilter } from './error.filter.js';
import { mediaType, rawBody, UnsupportedMediaTypeError } from './body.js';
import {
  BY_EDGE,
  bodyTooLargeAt,
  checkFields,
  checkHead,
  LARGEST_BODY,
  largestBodyAt,
  PARSER_BYTES,
} from './limits.js';
import { type RateLimits, serveRateLimits } from './rate-limits.js';
import { addressedAt, apiAt } from './surfaces.js';
import { type RequestPart, ValidationError } from './validation.js';
import { answersUnreadableAddresses } from './unreadable-address.js';
import {
  answersUnparsedRequests,
  answerUnmetExpectations,
  hostlessRequest,
  rememberAddresses,
} from './unparsed-requests.js';
import { plainAddress, setSender, shownCertificate, trustOf } from './sender.js';
import { limitWorkInFlight } from './work-in-flight.js';

export interface HttpServerOptions {
  logger: Logger;
  tls?: { key: string; cert: string };
  /** Clients are asked for a certificate when they connect; none is demanded. Only with `tls`. */
  asksForCertificates?: boolean;
  /** The header in which a trusted proxy hands on the certificate that it was shown. */
  certificateHeader?: string | undefined;
  isHttps: boolean;
  /** Of our own APIs; absent: none, and no headers that tell them. */
  rateLimits?: RateLimits;
  /** Addresses and CIDRs whose `X-Forwarded-For` is believed; nobody's by default (`spec/threats.md` S5). */
  trustedProxies?: readonly string[];
  /** Requests worked on at the same time before more are refused; 1,000 by default. */
  maxInFlight?: number;
  /** How long a request may take to come, and how long a connection is kept for the next; each has its default. */
  times?: Partial<Times>;
}

export interface Times {
  headersMs: number;
  requestMs: number;
  keepAliveMs: number;
  /** How often it is looked. */
  lookEveryMs: number;
}

const TIMES: Times = { headersMs: 10_000, requestMs: 30_000, keepAliveMs: 65_000, lookEveryMs: 1_000 };

/** No text column takes one, and nobody means one. */
const nulIn = (part: RequestPart) => new ValidationError(part, [{ path: [], detail: 'has a NUL character in it' }]);

const MOST_IN_FLIGHT = 1_000;

/**
 * Limits of `spec/threats.md` §9.
 *
 * @throws Error for a header of certificates that nobody is trusted to write: mTLS would be offered, and refuse everybody
 */
export function httpAdapter(options: HttpServerOptions): FastifyAdapter<RawServerDefault> {
  const { logger, tls, trustedProxies = [], asksForCertificates = false, certificateHeader } = options;
  if (certificateHeader !== undefined && trustedProxies.length === 0)
    throw new Error('STRONGROOM_CLIENT_CERT_HEADER needs STRONGROOM_TRUSTED_PROXIES: name the edge that writes it');
  const times = { ...TIMES, ...options.times };
  const listener = {
    maxHeaderSize: PARSER_BYTES,
    headersTimeout: times.headersMs,
    // Node looks every 30 s, and a time that is over before is not seen.
    connectionsCheckingInterval: times.lookEveryMs,
    // Ours to say, with a body.
    requireHostHeader: false,
  };
  return new FastifyAdapter<RawServerDefault>({
    loggerInstance: logger.child({}, { level: logger.level === 'trace' ? 'trace' : 'warn' }),
    // Whom a certificate stands for is decided later, per client: the handshake only has it proven that its key is there.
    ...(tls
      ? {
          https: {
            ...listener,
            ...tls,
            ...(asksForCertificates ? { requestCert: true, rejectUnauthorized: false } : {}),
          },
        }
      : {}),
    ...(trustedProxies.length > 0 ? { trustProxy: trustOf(trustedProxies) } : {}),
    // A request on a connection that is kept alive is answered while the server closes; Fastify would say 503.
    return503OnClosing: false,
    bodyLimit: LARGEST_BODY,
    requestTimeout: times.requestMs,
    keepAliveTimeout: times.keepAliveMs,
    http: listener,
    // Addresses are compared as they begin with their path; a proxy may name the host in them too (RFC 9112 §3.2.2).
    rewriteUrl: ({ url = '/' }) => addressedAt(url),
    routerOptions: { maxParamLength: 8 * 1024 },
    frameworkErrors: answersUnreadableAddresses(options),
    clientErrorHandler: answersUnparsedRequests(options),
  } as FastifyHttpOptions<RawServerDefault>);
}

/**
 * What every server of ours does before routes exist: bodies stay the bytes that were sent, errors get the shape of
 * their API, answers get their safe headers. Create the application with `bodyParser: false`.
 */
export function prepareHttp(app: NestFastifyApplication, options: HttpServerOptions): void {
  const { logger, isHttps, certificateHeader: header, trustedProxies = [] } = options;
  const fastify = app.getHttpAdapter().getInstance();
  const trusts = trustOf(trustedProxies);
  const byEdge = new Set([...BY_EDGE, ...(header ? [header.toLowerCase()] : [])]);
  const isByEdge = ({ socket }: IncomingMessage) => trustedProxies.length > 0 && trusts(socket.remoteAddress);
  endConnectionsOnClose(fastify);
  answerUnmetExpectations(fastify.server, options);
  rememberAddresses(fastify.server);
  // Counted with their bytes, by whoever knows which API was asked: of a head in parts Node would tell the last alone.
  fastify.server.maxHeadersCount = 0;
  fastify.addHook('onRoute', (route) => void (route.bodyLimit ??= largestBodyAt(route.url)));
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (!/^(?:identity)?$/i.test(request.headers['content-encoding'] ?? ''))
      done(new UnsupportedMediaTypeError('sent uncompressed'));
    else done(null, body);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    const certificate = shownCertificate(request.raw, { header, trusts });
    setSender(request.raw, { address: plainAddress(request.ip), certificate });
    void reply.header('x-content-type-options', 'nosniff');
    // Secrets, people and what they connected: nothing of it belongs into a cache on the way.
    if (apiAt(request.url) !== null) void reply.header('cache-control', 'no-store');
    if (isHttps) void reply.header('strict-transport-security', 'max-age=31536000');
    done(refusedHead(request, isByEdge(request.raw) ? byEdge : NOTHING));
  });
  limitWorkInFlight(fastify, { most: options.maxInFlight ?? MOST_IN_FLIGHT, logger });
  fastify.addHook('preValidation', (request, _reply, done) => {
    const body = rawBody(request);
    const isForm = mediaType(request) === 'application/x-www-form-urlencoded';
    // What has no route has no limit of its own.
    if (body.length > largestBodyAt(request.url)) done(bodyTooLargeAt(request.url));
    else if (body.includes(0) || (isForm && body.includes('%00'))) done(nulIn('body'));
    else
      done(
        apiAt(request.url) === null ? thrownBy(() => checkFields(request.url, mediaType(request), body)) : undefined,
      );
  });
  if (options.rateLimits) serveRateLimits(fastify, options.rateLimits);
  app.useGlobalFilters(new ErrorFilter(logger));
}

const NOTHING: ReadonlySet<string> = new Set();

function refusedHead({ url, raw }: FastifyRequest, byProxy: ReadonlySet<string>): Error | undefined {
  if (url.includes('%00')) return nulIn(url.split('?')[0]!.includes('%00') ? 'uri' : 'query');
  const { rawHeaders, headers } = raw;
  const dpop = headers['dpop'];
  return (
    hostlessRequest(raw) ??
    thrownBy(() =>
      checkHead({
        url,
        rawHeaders,
        authorization: headers.authorization,
        dpop: typeof dpop === 'string' ? dpop : undefined,
        transferEncoding: headers['transfer-encoding'],
        byProxy,
      }),
    )
  );
}

/** Hooks are told, they do not catch. */
function thrownBy(check: () => void): Error | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
