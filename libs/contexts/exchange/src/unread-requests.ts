import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { VaultError } from '@strongroom/errors';
import { errorAnswer } from '@strongroom/http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ExchangeEndpoint } from './exchange-endpoint.js';

const ADDRESSES = ['/oauth/token', '/realms/:realm/broker/:connection/token'];

/**
 * What the server refuses before a controller sees it (too large, compressed, a NUL, too many fields) is a refusal of
 * the exchange like those that its own reading finds, and is in the audit like them.
 */
@Injectable()
export class UnreadRequests {
  constructor(
    { httpAdapter }: HttpAdapterHost,
    private readonly endpoint: ExchangeEndpoint,
  ) {
    const fastify = httpAdapter.getInstance<FastifyInstance>();
    // What a controller throws does not come here, and costs nothing: Nest answers that itself.
    fastify.addHook('onRoute', (route) => {
      if (route.method === 'POST' && ADDRESSES.includes(route.url))
        route.errorHandler = (error, request): unknown => this.record(error, request);
    });
  }

  /** Thrown again for whoever answers. */
  private async record(error: unknown, request: FastifyRequest): Promise<never> {
    const { status, body } = errorAnswer(request.url.split('?')[0]!, error);
    // Beyond what can be worked on there is no time for an entry each either.
    if (status < 500) {
      const { error: code } = body as { error: string };
      await this.endpoint.refused(request, new VaultError('refused before it was read', { code, status }));
    }
    throw error;
  }
}
