import { Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { rawBody } from '@strongroom/http';
import type { FastifyRequest } from 'fastify';
import { RevocationService } from './revocation.service.js';
import { TokenRequest } from './token-request.js';

@Controller('oauth/revoke')
export class RevocationController {
  constructor(private readonly revocation: RevocationService) {}

  /** 200 and empty, whatever the token was (RFC 7009). */
  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async revoke(@Req() request: FastifyRequest): Promise<void> {
    await this.revocation.revoke(TokenRequest.read(request.raw, rawBody(request)));
  }
}
