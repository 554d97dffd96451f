import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type PortName, portTable, type PortMethod, type ServiceName } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { endConnectionsOnClose } from '@strongroom/http';
import type { Logger } from '@strongroom/observability';
import fastify, {
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import { CallerUnknownError, CallRefusedError, NotReadyError } from './rpc.errors.js';
import type { ServiceKeys } from './service-keys.js';
import { CallerTokens, TOKEN_HEADER } from './service-tokens.js';
import { toWire } from './wire-error.js';

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
}

/** Structurally `OtherGrants`: every grant but the vault's, as the bytes that came. */
export interface AnswersOtherGrants {
  answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void>;
}

export interface Offered {
  ports: Partial<Record<PortName, object>>;
  otherGrants?: AnswersOtherGrants;
}

/** Carries the client's address, which the caller saw. */
export const CLIENT_IP_HEADER = 'x-strongroom-client-ip';
export const OTHER_GRANTS_PATH = '/rpc/other-grants';
const MAX_BYTES = 1024 * 1024;

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
    this.callers = new CallerTokens(options.keys);
    this.fastify = fastify({
      loggerInstance: logger.child({ listener: 'rpc' }, { level: logger.level === 'trace' ? 'trace' : 'warn' }),
      bodyLimit: MAX_BYTES,
      keepAliveTimeout: 65_000,
      // What is asked on a connection that is kept alive is answered while the server closes.
      return503OnClosing: false,
      ...(tls ? { https: { ...tls, requestCert: true, rejectUnauthorized: true } } : {}),
    } as FastifyHttpOptions<RawServerDefault>);
    endConnectionsOnClose(this.fastify);
    this.fastify.removeAllContentTypeParsers();
    this.fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    this.fastify.setErrorHandler((error, request, reply) => this.failed(error, request, reply));
    this.fastify.setNotFoundHandler(async (request, reply) => {
      await this.callerOf(request);
      return this.failed(new CallRefusedError(), request, reply);
    });
    this.fastify.post(OTHER_GRANTS_PATH, (request, reply) => this.handOn(request, reply));
    this.fastify.post<{ Params: { port: string; method: string } }>('/rpc/:port/:method', (request, reply) =>
      this.call(request, reply),
    );
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

  private async call(
    request: FastifyRequest<{ Params: { port: string; method: string } }>,
    reply: FastifyReply,
  ): Promise<unknown> {
    const caller = await this.callerOf(request);
    const { port, method } = request.params;
    const entry = Object.hasOwn(portTable, port) ? portTable[port as PortName] : undefined;
    const methods: Readonly<Record<string, PortMethod>> = entry?.methods ?? {};
    if (entry?.offeredBy !== this.options.name || !Object.hasOwn(methods, method)) throw new CallRefusedError();
    if (!methods[method]!.callers.includes(caller)) throw new CallRefusedError();
    const implementation = this.offered?.ports[port as PortName];
    if (!implementation) throw new NotReadyError();
    const parameters = parametersOf(request.body);
    const work = (implementation as Record<string, (...all: unknown[]) => Promise<unknown>>)[method]!;
    const result = await work.apply(implementation, parameters);
    return reply.type('application/json').send(JSON.stringify({ result: result ?? null }));
  }

  private async handOn(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if ((await this.callerOf(request)) !== 'exchange' || this.options.name !== 'identity') throw new CallRefusedError();
    const { otherGrants } = this.offered ?? {};
    if (!otherGrants) throw new NotReadyError();
    const { raw } = request;
    raw.url = '/oauth/token';
    delete raw.headers[TOKEN_HEADER];
    reply.hijack();
    await otherGrants.answer(raw, reply.raw, Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
  }

  private async callerOf(request: FastifyRequest): Promise<ServiceName> {
    const caller = await this.callers.callerOf(request.headers[TOKEN_HEADER]);
    if (!caller) throw new CallerUnknownError();
    return caller;
  }

  private failed(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    if (error instanceof VaultError) {
      if (error.status >= 500) this.options.logger.warn({ err: error, path: request.url }, 'a call failed');
      void reply
        .code(error.status)
        .type('application/json')
        .send(JSON.stringify({ error: toWire(error) }));
      return;
    }
    const { statusCode } = error as { statusCode?: number };
    const status = statusCode && statusCode >= 400 && statusCode < 500 ? statusCode : 500;
    if (status === 500) this.options.logger.error({ err: error, path: request.url }, 'a call failed');
    const code = status === 500 ? 'server_error' : 'invalid_call';
    const message = status === 500 ? 'Something failed on our side and was logged.' : 'The call cannot be read.';
    void reply
      .code(status)
      .type('application/json')
      .send(JSON.stringify({ error: { code, message } }));
  }
}

function parametersOf(body: unknown): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.isBuffer(body) ? body.toString('utf8') : '');
    if (Array.isArray(parsed)) return parsed as unknown[];
  } catch {
    // said below
  }
  throw new VaultError('The body of a call is a JSON array of its parameters.', { code: 'invalid_call', status: 400 });
}
