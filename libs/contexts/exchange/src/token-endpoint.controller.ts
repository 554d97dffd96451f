import { Controller, Post, Req, Res } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { clientAddress, clientCertificate, mediaType, OtherGrants, rawBody, WebOrigins } from '@strongroom/http';
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
    private readonly webOrigins: WebOrigins,
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
    const client = namedClient(parameters, request.headers.authorization);
    if (client !== null) await this.webOrigins.open(request, reply, client);
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

/** Whom the request says it comes from. If it is not true, nothing that is theirs is in the answer. */
function namedClient(parameters: ReturnType<typeof readParameters>, authorization: string | undefined): string | null {
  const named = parameters.get('client_id');
  if (named) return named.length === 1 ? named[0]! : null;
  const basic = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) return null;
  const [user = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return user;
}

const header = (value: string | string[] | undefined): string | null => (typeof value === 'string' ? value : null);

const channelOf = (request: FastifyRequest): Channel => ({
  authorization: header(request.headers.authorization),
  dpop: header(request.headers['dpop']),
  ip: clientAddress(request),
  certificate: clientCertificate(request)?.pem ?? null,
});
