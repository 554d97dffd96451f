import { Controller, Get, Header, HttpCode, Post, Req, UseFilters } from '@nestjs/common';
import type { PresentedToken } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import type { FastifyRequest } from 'fastify';
import { BearerChallengeFilter } from './bearer-challenge.filter.js';
import { UserinfoService } from './userinfo.service.js';

@Controller('userinfo')
@UseFilters(BearerChallengeFilter)
export class UserinfoController {
  constructor(
    private readonly userinfo: UserinfoService,
    private readonly publicUrl: PublicUrl,
  ) {}

  @Get()
  @Header('cache-control', 'no-store')
  get(@Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    return this.userinfo.of(this.presented(request));
  }

  @Post()
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  post(@Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    return this.userinfo.of(this.presented(request));
  }

  private presented({ headers, method }: FastifyRequest): PresentedToken {
    const dpop = headers['dpop'] === undefined ? null : String(headers['dpop']);
    return { authorization: headers.authorization ?? null, dpop, method, url: this.publicUrl.of('/userinfo') };
  }
}
