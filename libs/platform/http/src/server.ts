import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyHttpOptions, RawServerDefault } from 'fastify';
import { VaultError } from '@strongroom/errors';
import type { Logger } from '@strongroom/observability';
import { endConnectionsOnClose } from './drain.js';
import { ErrorFilter } from './error.filter.js';
import { mediaType, rawBody, UnsupportedMediaTypeError } from './body.js';
import { apiAt, type RateLimits, serveRateLimits } from './rate-limits.js';
import { type RequestPart, ValidationError } from './validation.js';
import { answersUnreadableAddresses } from './unreadable-address.js';
import { plainAddress, setSender, shownCertificate, trustOf } from './sender.js';

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
}

/** No text column takes one, and nobody means one. */
const nulIn = (part: RequestPart) => new ValidationError(part, [{ path: [], detail: 'has a NUL character in it' }]);

const refused = (status: number, message: string) => new VaultError(message, { code: 'invalid_request', status });

const MOST_HEADERS = 100;
const OF_MY_ACCOUNT = 64 * 1024;
const LISTENER = { maxHeaderSize: 16 * 1024, headersTimeout: 10_000 };

/**
 * Limits of `spec/threats.md` §9.
 *
 * @throws Error for a header of certificates that nobody is trusted to write: mTLS would be offered, and refuse everybody
 */
export function httpAdapter(options: HttpServerOptions): FastifyAdapter<RawServerDefault> {
  const { logger, tls, trustedProxies = [], asksForCertificates = false, certificateHeader } = options;
  if (certificateHeader !== undefined && trustedProxies.length === 0)
    throw new Error('STRONGROOM_CLIENT_CERT_HEADER needs STRONGROOM_TRUSTED_PROXIES: name the edge that writes it');
  return new FastifyAdapter<RawServerDefault>({
    loggerInstance: logger.child({}, { level: logger.level === 'trace' ? 'trace' : 'warn' }),
    // Whom a certificate stands for is decided later, per client: the handshake only has it proven that its key is there.
    ...(tls
      ? {
          https: {
            ...LISTENER,
            ...tls,
            ...(asksForCertificates ? { requestCert: true, rejectUnauthorized: false } : {}),
          },
        }
      : {}),
    ...(trustedProxies.length > 0 ? { trustProxy: trustOf(trustedProxies) } : {}),
    // A request on a connection that is kept alive is answered while the server closes; Fastify would say 503.
    return503OnClosing: false,
    bodyLimit: 256 * 1024,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    http: LISTENER,
    routerOptions: { maxParamLength: 2048 },
    frameworkErrors: answersUnreadableAddresses(options),
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
  endConnectionsOnClose(fastify);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (request.headers['content-encoding']) done(new UnsupportedMediaTypeError('sent uncompressed'));
    else done(null, body);
  });
  fastify.addHook('onRequest', (request, reply, done) => {
    const certificate = shownCertificate(request.raw, { header, trusts });
    setSender(request.raw, { address: plainAddress(request.ip), certificate });
    void reply.header('x-content-type-options', 'nosniff');
    // Secrets, people and what they connected: nothing of it belongs into a cache on the way.
    if (apiAt(request.url) !== null) void reply.header('cache-control', 'no-store');
    if (isHttps) void reply.header('strict-transport-security', 'max-age=31536000');
    if (request.url.length > 8 * 1024) done(refused(414, 'the address is too long'));
    else if (request.raw.rawHeaders.length > 2 * MOST_HEADERS)
      done(refused(431, `the request has more than ${MOST_HEADERS} headers`));
    else if (request.url.includes('%00')) done(nulIn(request.url.split('?')[0]!.includes('%00') ? 'uri' : 'query'));
    else done();
  });
  fastify.addHook('preValidation', (request, _reply, done) => {
    const body = rawBody(request);
    const isForm = mediaType(request) === 'application/x-www-form-urlencoded';
    if (body.length > OF_MY_ACCOUNT && apiAt(request.url) === 'my-account')
      done(refused(413, `the body is larger than ${OF_MY_ACCOUNT / 1024} KiB`));
    else done(body.includes(0) || (isForm && body.includes('%00')) ? nulIn('body') : undefined);
  });
  if (options.rateLimits) serveRateLimits(fastify, options.rateLimits);
  app.useGlobalFilters(new ErrorFilter(logger));
}
