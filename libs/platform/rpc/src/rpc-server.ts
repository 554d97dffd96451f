import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type PortName, portTable, type PortMethod, type ServiceName } from '@strongroom/contracts';
import { endConnectionsOnClose } from '@strongroom/http';
import type { Logger } from '@strongroom/observability';
import fastify, {
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import { takeSender } from './handed-on-sender.js';
import { CallerUnknownError, CallInvalidError, CallRefusedError, NotReadyError } from './rpc.errors.js';
import type { ServiceKeys } from './service-keys.js';
import { CallerTokens, TOKEN_HEADER } from './service-tokens.js';
import { wireAnswer } from './wire-error.js';

export interface RpcTls {
  /** PEM. Who shows no certificate of this authority is not answered. */
  ca: string;
  cert: string;
  key: string;
}

export interface RpcServerOptions {
  name: ServiceName;
  keys: ServiceKeys;
  logger: Logger;
  host: string;
  port: number;
  tls?: RpcTls;
  now?: () => number;
}

/** Structurally `OtherGrants`: every grant but the vault's, as the bytes that came. */
export interface AnswersOtherGrants {
  answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void>;
}

export interface Offered {
  ports: Partial<Record<PortName, object>>;
  otherGrants?: AnswersOtherGrants;
}

export const OTHER_GRANTS_PATH = '/rpc/other-grants';
const MAX_BYTES = 1024 * 1024;
/** A client's headers, each list of which may be 16 KiB, come with ours. */
const MAX_HEADER_BYTES = 32 * 1024;

/** Of any path; both are there where it names a method. */
interface Asked {
  port?: string;
  method?: string;
}

/**
 * Where other services call this one: a listener of its own, which no edge routes to. Who calls is asked first, then
 * whether they may, then what they want. A caller who leaves stops nothing.
 */
export class RpcServer {
  private readonly fastify: FastifyInstance;
  private readonly callers: CallerTokens;
  private offered: Offered | undefined;

  constructor(private readonly options: RpcServerOptions) {
    const { logger, tls } = options;
    this.callers = new CallerTokens(options.keys, options.now);
    this.fastify = fastify({
      loggerInstance: logger.child({ listener: 'rpc' }, { level: logger.level === 'trace' ? 'trace' : 'warn' }),
      bodyLimit: MAX_BYTES,
      requestTimeout: 30_000,
      keepAliveTimeout: 65_000,
      http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: 10_000 },
      // What is asked on a connection that is kept alive is answered while the server closes.
      return503OnClosing: false,
      ...(tls
        ? { https: { ...tls, maxHeaderSize: MAX_HEADER_BYTES, requestCert: true, rejectUnauthorized: true } }
        : {}),
    } as FastifyHttpOptions<RawServerDefault>);
    endConnectionsOnClose(this.fastify);
    this.fastify.removeAllContentTypeParsers();
    this.fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    this.fastify.setErrorHandler((error, request, reply) => this.failed(error, request, reply));
    this.fastify.addHook('onRequest', (request) => this.admit(request));
    this.fastify.post(OTHER_GRANTS_PATH, (request, reply) => this.handOn(request, reply));
    this.fastify.post('/rpc/:port/:method', (request, reply) => this.call(request, reply));
  }

  /** Takes the port. Until `serve` every call is told to come back. */
  async listen(): Promise<void> {
    await this.fastify.listen({ host: this.options.host, port: this.options.port });
  }

  get address(): AddressInfo {
    return this.fastify.server.address() as AddressInfo;
  }

  serve(offered: Offered): void {
    this.offered = offered;
  }

  /** Takes no more calls and lets those in hand end. */
  async close(): Promise<void> {
    await this.fastify.close();
  }

  /** Before the body is read: a stranger's is nobody's concern. */
  private async admit(request: FastifyRequest): Promise<void> {
    const caller = await this.callers.callerOf(request.headers[TOKEN_HEADER]);
    if (!caller) throw new CallerUnknownError();
    if (!this.callersOf(request).includes(caller)) throw new CallRefusedError();
  }

  /** Nobody, for what is in no table. */
  private callersOf(request: FastifyRequest): readonly ServiceName[] {
    const { name } = this.options;
    if (request.routeOptions.url === OTHER_GRANTS_PATH) return name === 'identity' ? ['exchange'] : [];
    const { port, method } = request.params as Asked;
    if (port === undefined || method === undefined || !Object.hasOwn(portTable, port)) return [];
    const { offeredBy, methods } = portTable[port as PortName];
    if (offeredBy !== name || !Object.hasOwn(methods, method)) return [];
    return (methods as Readonly<Record<string, PortMethod>>)[method]!.callers;
  }

  private async call(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { port, method } = request.params as Required<Asked>;
    const implementation = this.offered?.ports[port as PortName];
    if (!implementation) throw new NotReadyError();
    const parameters = parametersOf(request.body);
    const work = (implementation as Record<string, (...all: unknown[]) => Promise<unknown>>)[method]!;
    const result = await work.apply(implementation, parameters);
    return reply.type('application/json').send(JSON.stringify({ result: result ?? null }));
  }

  private async handOn(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const otherGrants = this.offered?.otherGrants;
    if (!otherGrants) throw new NotReadyError();
    const { raw } = request;
    raw.url = '/oauth/token';
    delete raw.headers[TOKEN_HEADER];
    takeSender(raw);
    reply.hijack();
    try {
      await otherGrants.answer(raw, reply.raw, Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
    } catch (error) {
      this.options.logger.error({ err: error, path: OTHER_GRANTS_PATH }, 'a call failed');
      reply.raw.destroy(); // whoever waits must learn that nothing more comes
    }
  }

  private failed(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const { status, headers, body } = wireAnswer(error);
    if (status >= 500) this.options.logger.error({ err: error, path: request.url }, 'a call failed');
    void reply.code(status).headers(headers).send(body);
  }
}

function parametersOf(body: unknown): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : '');
    if (Array.isArray(parsed)) return parsed as unknown[];
  } catch {
    // said below
  }
  throw new CallInvalidError();
}
