import { Controller, Post, Req, Res } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { clientAddress, clientCertificate, mediaType, OtherGrants, rawBody } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Channel, ExchangeService } from './exchange.service.js';
import { grantTypeOf, readExchange, readParameters, VAULT_GRANT } from './exchange.request.js';
import { RequestInvalidError } from './exchange.errors.js';
import { shown } from './refusal.js';

/** `POST /oauth/token`: the vault grant is ours, every other grant goes on to `identity` as the bytes that came. */
@Controller('oauth/token')
export class TokenEndpointController {
  constructor(
    private readonly exchanges: ExchangeService,
    private readonly otherGrants: OtherGrants,
  ) {}

  @Post()
  async token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    try {
      await this.answer(request, reply);
    } catch (error) {
      throw error instanceof VaultError ? shown(error) : error;
    }
  }

  private async answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const body = rawBody(request);
    const parameters = readParameters(mediaType(request), body);
    const grantType = grantTypeOf(parameters);
    if (grantType === undefined && !parameters.has('grant_type'))
      throw new RequestInvalidError('Missing required parameter: grant_type');
    if (grantType !== VAULT_GRANT) return this.handOn(request, reply, body);
    const channel = channelOf(request);
    const answer = await this.exchanges.exchange(grantType, await this.read(parameters, channel), channel);
    void reply.code(200).headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(answer);
  }

  private async handOn(request: FastifyRequest, reply: FastifyReply, body: Buffer): Promise<void> {
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.hijack();
    await this.otherGrants.answer(request.raw, reply.raw, body);
  }

  private async read(parameters: ReturnType<typeof readParameters>, channel: Channel) {
    try {
      return readExchange(parameters);
    } catch (error) {
      if (error instanceof VaultError) await this.exchanges.recordMalformed(error, channel);
      throw error;
    }
  }
}

const header = (value: string | string[] | undefined): string | null => (typeof value === 'string' ? value : null);

const channelOf = (request: FastifyRequest): Channel => ({
  authorization: header(request.headers.authorization),
  dpop: header(request.headers['dpop']),
  ip: clientAddress(request),
  certificate: clientCertificate(request)?.pem ?? null,
});
