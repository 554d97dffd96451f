import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { mediaType, rawBody } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors, type InteractionResults, type Provider } from 'oidc-provider';
import { PageEndedError } from '../authorization.errors.js';
import { ProviderHolder } from '../library/provider-holder.js';
import { SigningKeys } from '../signing/signing-keys.js';

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** The step of a sign-in that a page serves, tied to the browser by the library's cookie. */
@Injectable()
export class Interactions {
  constructor(
    private readonly holder: ProviderHolder,
    private readonly keys: SigningKeys,
  ) {}

  /** @throws PageEndedError if the browser has no such step under way */
  async current(request: FastifyRequest, reply: FastifyReply, prompt: 'login' | 'consent'): Promise<Interaction> {
    const provider = await this.holder.provider();
    try {
      const details = await provider.interactionDetails(request.raw, reply.raw);
      if (details.prompt.name === prompt && details.uid === (request.params as { uid: string }).uid) return details;
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
    }
    throw new PageEndedError('This sign-in has ended, or was begun in another browser.');
  }

  /** Where the browser goes on. */
  async finish(request: FastifyRequest, reply: FastifyReply, result: InteractionResults): Promise<string> {
    const provider = await this.holder.provider();
    return provider.interactionResult(request.raw, reply.raw, result, { mergeWithLastSubmission: false });
  }

  /** Hidden in the form of this step, and good for no other. */
  async formToken(details: Interaction): Promise<string> {
    const { cookies } = await this.keys.get();
    return createHmac('sha256', cookies[0]!).update(`form:${details.uid}`).digest('base64url');
  }

  /** The fields of a posted form. @throws PageEndedError unless it is the form that this step showed */
  async form(request: FastifyRequest, details: Interaction): Promise<URLSearchParams> {
    if (mediaType(request) !== 'application/x-www-form-urlencoded') throw new PageEndedError('This is no form.', 415);
    const fields = new URLSearchParams(rawBody(request).toString('utf8'));
    const expected = Buffer.from(await this.formToken(details));
    const sent = Buffer.from(fields.get('csrf') ?? '');
    if (sent.length !== expected.length || !timingSafeEqual(sent, expected))
      throw new PageEndedError('This form does not belong to your sign-in.', 403);
    return fields;
  }
}
