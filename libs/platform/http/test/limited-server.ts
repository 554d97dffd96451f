import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Controller, Get, Module, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { LocalAuthority } from '@strongroom/crypto';
import { createLogger } from '@strongroom/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { JsonBody, rawBody } from '../src/body.js';
import { serveHealth } from '../src/health.js';
import { httpAdapter, type HttpServerOptions, prepareHttp } from '../src/server.js';

/** Requests wait here until they are let go. */
export const gate = { waiting: 0, open: () => {}, opened: Promise.resolve() };
export const closeGate = () => {
  gate.opened = new Promise((resolve) => (gate.open = resolve));
};

@Controller()
class Anything {
  @Post(['oauth/token', 'me/v1/things', 'api/v2/things', 'u/login', 'connect/callback/acme'])
  read(@Req() request: FastifyRequest): unknown {
    return { bytes: rawBody(request).length };
  }

  @Post(['api/v2/json', 'me/v1/json', 'oauth/json'])
  json(@JsonBody(z.unknown()) body: unknown): unknown {
    return { read: typeof body };
  }

  @Get(['api/v2/things/:id', 'me/v1/things', 'oauth/things', 'u/login'])
  list(@Req() { query }: FastifyRequest): unknown {
    return { names: Object.keys(query as object).length };
  }

  @Get(['api/v2/slow', 'me/v1/slow', 'oauth/slow', 'u/slow'])
  async slow(): Promise<unknown> {
    gate.waiting++;
    await gate.opened;
    gate.waiting--;
    return { done: true };
  }

  /** Answers by the socket itself, as the library of the authorization server does, and not where nobody is left. */
  @Get('oauth/by-itself')
  async byItself(@Res() reply: FastifyReply): Promise<void> {
    gate.waiting++;
    await gate.opened;
    reply.hijack();
    await Promise.resolve();
    gate.waiting--;
    if (reply.raw.writable && !reply.raw.destroyed) reply.raw.end('{}');
  }
}
@Module({ controllers: [Anything] })
class AnythingModule {}

export interface Answer {
  status: number;
  head: string;
  body: string;
  json: Record<string, unknown>;
}

export const until = async (condition: () => boolean | Promise<boolean>) => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** A server of ours with a route of each API and a page, and what a client does at it byte by byte. */
export class LimitedServer {
  private constructor(
    readonly app: NestFastifyApplication,
    private readonly port: number,
    private readonly authority: string | undefined,
  ) {}

  static async start(options: Partial<HttpServerOptions> & { tls?: LocalAuthority } = {}): Promise<LimitedServer> {
    const http = { logger: createLogger('silent'), isHttps: true, ...options };
    const app = await NestFactory.create<NestFastifyApplication>(AnythingModule, httpAdapter(http), {
      bodyParser: false,
      logger: false,
    });
    prepareHttp(app, http);
    serveHealth(app, { needed: {} });
    await app.listen(0, '127.0.0.1');
    return new LimitedServer(app, (app.getHttpServer().address() as AddressInfo).port, options.tls?.ca);
  }

  stop(): Promise<void> {
    return this.app.close();
  }

  /** It ends while we still write, where it is refused. */
  connect(): Socket {
    const to = { port: this.port, host: '127.0.0.1' };
    const socket = this.authority ? connectTls({ ...to, ca: this.authority }) : connect(to);
    return socket.on('error', () => undefined);
  }

  /** Bytes as they are; the answer until the other side ends. */
  async raw(bytes: string | Buffer): Promise<Answer> {
    const socket = this.connect();
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.write(bytes);
    await once(socket, 'close');
    const [head = '', body = ''] = Buffer.concat(parts)
      .toString('latin1')
      .split(/\r\n\r\n(.*)/s);
    return {
      status: Number(head.slice(9, 12)),
      head: head.toLowerCase(),
      body,
      json: body.startsWith('{') ? (JSON.parse(body) as Record<string, unknown>) : {},
    };
  }

  request(line: string, headers: readonly string[] = [], body = ''): Promise<Answer> {
    return this.raw(
      [
        `${line} HTTP/1.1`,
        'host: vault.example.com',
        'connection: close',
        ...(body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`]),
        ...headers,
        '',
        body,
      ].join('\r\n'),
    );
  }
}

/** Of each API, and of a page. */
export const SHAPES: Record<string, (answer: Answer) => void> = {
  '/api/v2': ({ status, json }) =>
    expect(json).toMatchObject({ statusCode: status, error: expect.any(String), message: expect.any(String) }),
  '/me/v1': ({ status, json }) =>
    expect(json).toMatchObject({ type: expect.any(String), title: expect.any(String), status }),
  '/oauth': ({ json }) =>
    expect(json).toMatchObject({ error: expect.any(String), error_description: expect.any(String) }),
  '/u': ({ head, body }) => {
    expect(head).toContain('content-type: text/html');
    expect(head).toContain("frame-ancestors 'none'");
    expect(body).toContain('That did not work');
  },
};
export function refused(answer: Answer, status: number, prefix: string) {
  expect([prefix, answer.status]).toEqual([prefix, status]);
  SHAPES[prefix]!(answer);
  expect(answer.head).toContain('cache-control: no-store');
  expect(answer.head).toContain('x-content-type-options: nosniff');
  expect(answer.head).toContain('strict-transport-security');
  expect(answer.body).not.toMatch(/cnry_|FST_|HPE_|at .*\.js/);
}
