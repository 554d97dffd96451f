import { Controller, Get, NotFoundException, Param, Post, Req, Res } from '@nestjs/common';
import { mediaType, rawBody } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MethodNotOfferedError, RequestInvalidError } from './exchange.errors.js';
import { ExchangeEndpoint, withoutLogOnly } from './exchange-endpoint.js';
import { FORM, type Parameters, readParameters, SentOnce } from './exchange.parameters.js';
import { ACCESS_TOKEN_TYPE, readExchange, TOKEN_EXCHANGE_GRANT } from './exchange.request.js';

interface Address {
  realm: string;
  connection: string;
}

/**
 * `POST /realms/{realm}/broker/{connection}/token`, where Keycloak has it: the plain exchange with the connection in the
 * address and an access token of ours in `token` (`spec/wire-contract.md` §5.2). There is one realm, whatever it is called.
 */
@Controller('realms/:realm/broker/:connection/token')
export class BrokerTokenController {
  constructor(private readonly endpoint: ExchangeEndpoint) {}

  @Post()
  token(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param() { realm, connection }: Address) {
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(realm)) throw new NotFoundException();
    const path = request.url.split('?')[0]!;
    const read = () => {
      const form = readParameters(mediaType(request), rawBody(request), [FORM]);
      return readExchange(TOKEN_EXCHANGE_GRANT, asExchange(form, connection));
    };
    return withoutLogOnly(this.endpoint.answer({ request, reply, path }, read));
  }

  /** The older form has no client authentication, and gives refresh tokens away. HEAD is answered like it. */
  @Get()
  olderForm(@Res({ passthrough: true }) reply: FastifyReply): never {
    void reply.header('allow', 'POST');
    throw new MethodNotOfferedError();
  }
}

function asExchange(form: Parameters, connection: string): Parameters {
  // Before some of what came is replaced: nothing may be there twice.
  const sent = new SentOnce(form);
  const token = sent.required('token');
  if (sent.get('audience') !== null)
    throw new RequestInvalidError('audience is not taken here: the address names the connection');
  return new Map([
    ...form,
    ['subject_token', [token]],
    ['subject_token_type', [ACCESS_TOKEN_TYPE]],
    ['audience', [connection]],
  ]);
}
