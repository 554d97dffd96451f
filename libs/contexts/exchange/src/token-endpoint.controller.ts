import { Controller, Post, Req, Res } from '@nestjs/common';
import { mediaType, OtherGrants, rawBody, WebOrigins } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { UnsupportedGrantTypeError } from './exchange.errors.js';
import { ExchangeEndpoint, withoutLogOnly } from './exchange-endpoint.js';
import { grantTypeOf, type Parameters, readParameters } from './exchange.parameters.js';
import { isExchange, readExchange } from './exchange.request.js';

/** Whatever becomes of these is not the exchange's to record; any other grant is one that nobody knows. */
const GRANTS_OF_IDENTITY = ['authorization_code', 'refresh_token', 'client_credentials'];

/** `POST /oauth/token`: exchanges are ours, every other grant goes on to `identity` as the bytes that came. */
@Controller('oauth/token')
export class TokenEndpointController {
  constructor(
    private readonly endpoint: ExchangeEndpoint,
    private readonly otherGrants: OtherGrants,
    private readonly webOrigins: WebOrigins,
  ) {}

  @Post()
  token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return withoutLogOnly(this.answer(request, reply));
  }

  private async answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const body = rawBody(request);
    const parameters = await this.endpoint.sensible(request, () => readParameters(mediaType(request), body));
    const client = namedClient(parameters, request.headers.authorization);
    if (client !== null) await this.webOrigins.open(request, reply, client);
    const grantType = await this.endpoint.sensible(request, () => grantTypeOf(parameters));
    if (!isExchange(grantType)) {
      if (!GRANTS_OF_IDENTITY.includes(grantType))
        await this.endpoint.refused(request, new UnsupportedGrantTypeError());
      return this.handOn(request, reply, body);
    }
    return this.endpoint.answer({ request, reply }, () => readExchange(grantType, parameters));
  }

  private async handOn(request: FastifyRequest, reply: FastifyReply, body: Buffer): Promise<void> {
    for (const [name, value] of Object.entries(reply.getHeaders()))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.hijack();
    await this.otherGrants.answer(request.raw, reply.raw, body);
  }
}

/** Whom the request says it comes from. If it is not true, nothing that is theirs is in the answer. */
function namedClient(parameters: Parameters, authorization: string | undefined): string | null {
  const named = parameters.get('client_id');
  if (named) return named.length === 1 ? named[0]! : null;
  const basic = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) return null;
  const [user = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return user;
}
