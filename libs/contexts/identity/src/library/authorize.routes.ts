import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { KeyRing } from '@strongroom/crypto';
import { pageHeaders, rawBody, mediaType } from '@strongroom/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { InvalidRequestError } from '../authorization.errors.js';
import { ProviderHolder } from './provider-holder.js';

/** The browser's way in. The library answers; what it redirects to is ours (`/u/…`). */
@Injectable()
export class AuthorizeRoutes implements OnModuleInit {
  constructor(
    private readonly host: HttpAdapterHost,
    private readonly holder: ProviderHolder,
    private readonly ring: KeyRing,
  ) {}

  async onModuleInit(): Promise<void> {
    // A start that cannot serve sign-ins fails here, not at the first of them; a key service that is away comes back.
    if (!this.ring.isSealed) await this.holder.provider();
    const fastify: FastifyInstance = this.host.httpAdapter.getInstance();
    fastify.get('/authorize', (request, reply) => this.answer(request, reply));
    fastify.get('/authorize/:uid', (request, reply) => this.answer(request, reply));
    // The library would want SameSite=None for this; a GET needs nothing.
    fastify.post('/authorize', (request, reply) => {
      if (mediaType(request) !== 'application/x-www-form-urlencoded')
        throw new InvalidRequestError('send application/x-www-form-urlencoded');
      const query = new URLSearchParams(rawBody(request).toString('utf8'));
      return reply.code(303).headers(BETWEEN_PAGES).header('location', `/authorize?${query.toString()}`).send();
    });
  }

  private async answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const answer = await this.holder.ready(); // what is thrown here is answered; after the next line nobody would
    reply.hijack();
    for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...BETWEEN_PAGES }))
      if (value !== undefined) reply.raw.setHeader(name, value);
    const { uid } = request.params as { uid?: string };
    // The library compares addresses letter by letter, and %61 is an a.
    const path = uid === undefined ? '/authorize' : `/authorize/${encodeURIComponent(uid)}`;
    request.raw.url = path + withoutResource(request.raw.url!);
    delete request.raw.headers.authorization;
    delete request.raw.headers['dpop']; // a browser is sent here; its client names a key by dpop_jkt
    await answer({ clientId: null }, request.raw, reply.raw);
  }
}

/**
 * The query. `resource` is how the library names an API inside; `audience` is how clients do, and the library's own is
 * no way around it.
 */
function withoutResource(url: string): string {
  const [, query = ''] = url.split(/\?(.*)/s) as [string, string?];
  const kept = query.split('&').filter((one) => !new URLSearchParams(one).has('resource'));
  return kept.join('&') === '' ? '' : `?${kept.join('&')}`;
}

/** A page that is shown in place of a redirect has these, unless it says otherwise by name. */
const { 'cross-origin-opener-policy': _, ...BETWEEN_PAGES } = pageHeaders;
