import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type Html, mediaType, page, rawBody, sendPage, sendSeeOther } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors, type InteractionResults, type Provider } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { PageEndedError } from '../authorization.errors.js';
import { ClientEntity } from '../clients/client.entity.js';
import { ProviderHolder } from '../library/provider-holder.js';
import { SigningKeys } from '../signing/signing-keys.js';
import { texts } from './texts.js';
import { WEB_MESSAGE } from './web-messages.js';

export type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;
export type PromptName = 'login' | 'select_account' | 'mfa' | 'consent';

/** The step of a sign-in that a page serves, tied to the browser by the library's cookie. */
@Injectable()
export class Interactions {
  constructor(
    private readonly holder: ProviderHolder,
    private readonly keys: SigningKeys,
    private readonly database: DataSource,
  ) {}

  /** @throws PageEndedError if the browser has no such step under way */
  async current(request: FastifyRequest, reply: FastifyReply, prompt: PromptName): Promise<Interaction> {
    const provider = await this.holder.provider();
    try {
      const details = await provider.interactionDetails(request.raw, reply.raw);
      if (details.prompt.name === prompt && details.uid === (request.params as { uid: string }).uid) return details;
    } catch (error) {
      if (!(error instanceof errors.SessionNotFound)) throw error;
    }
    throw new PageEndedError(texts.problem.ended);
  }

  async clientName({ params }: Interaction): Promise<string> {
    const clientId = String(params['client_id']);
    const client = await this.database.getRepository(ClientEntity).findOneBy({ clientId });
    return client?.name ?? clientId;
  }

  show(reply: FastifyReply, details: Interaction, shown: { status?: number; title: string; content: Html }): void {
    const { status = 200, title, content } = shown;
    sendPage(reply, status, page(title, content, { language: texts.language }), openerHeaders(details));
  }

  /** Ends the step; what earlier steps had found stays, so that no question comes twice. */
  async finish(
    request: FastifyRequest,
    reply: FastifyReply,
    details: Interaction,
    result: InteractionResults,
  ): Promise<void> {
    const provider = await this.holder.provider();
    const location = await provider.interactionResult(request.raw, reply.raw, result, {
      mergeWithLastSubmission: true,
    });
    sendSeeOther(reply, location, openerHeaders(details));
  }

  /** Hidden in the form of this step, and good for no other. */
  async formToken(details: Interaction): Promise<string> {
    const { cookies } = await this.keys.get();
    return createHmac('sha256', cookies[0]!).update(`form:${details.uid}`).digest('base64url');
  }

  /** The fields of a posted form. @throws PageEndedError unless it is the form that this step showed */
  async form(request: FastifyRequest, details: Interaction): Promise<URLSearchParams> {
    if (mediaType(request) !== 'application/x-www-form-urlencoded') throw new PageEndedError(texts.problem.noForm, 415);
    const fields = new URLSearchParams(rawBody(request).toString('utf8'));
    const expected = Buffer.from(await this.formToken(details));
    const sent = Buffer.from(fields.get('csrf') ?? '');
    if (sent.length !== expected.length || !timingSafeEqual(sent, expected))
      throw new PageEndedError(texts.problem.otherForm, 403);
    return fields;
  }
}

/** A window that an application has opened for `web_message` must keep it as its opener, whom it answers. */
const openerHeaders = ({ params }: Interaction): Record<string, string> =>
  params['response_mode'] === WEB_MESSAGE ? { 'cross-origin-opener-policy': 'unsafe-none' } : {};
