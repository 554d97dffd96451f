import { Controller, Post, Req, Res } from '@nestjs/common';
import { rawBody } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { UnauthorizedClientError } from '../authorization.errors.js';
import { DpopProofs } from '../dpop/dpop-proofs.js';
import { type Admitted, Door } from './door.js';
import { RegisteredClients } from './registered-clients.js';
import type { TokenRequest } from './token-request.js';

/** `POST /oauth/par` (RFC 9126): an authorization request, lodged by its client before the browser comes. */
@Controller('oauth/par')
export class PushedRequestsController {
  constructor(
    private readonly door: Door,
    private readonly clients: RegisteredClients,
    private readonly proofs: DpopProofs,
  ) {}

  @Post()
  async push(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = rawBody(request);
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.hijack();
    await this.door.answer('/oauth/par', { request: request.raw, response: reply.raw, body }, (sent) =>
      this.admit(sent, request.headers['dpop']),
    );
  }

  private async admit(sent: TokenRequest, dpop: string | string[] | undefined): Promise<Admitted> {
    sent.refuseOrganisations();
    const { clientId, grantTypes } = await this.clients.authenticated(sent);
    if (!grantTypes.includes('authorization_code')) throw UnauthorizedClientError.grant('authorization_code');
    const proof = await this.proofs.sentTo('/oauth/par', dpop);
    if (proof) await this.proofs.spend(proof);
    return { clientId, proof };
  }
}
