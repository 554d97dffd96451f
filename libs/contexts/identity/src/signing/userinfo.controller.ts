import { Controller, Get, Header, Post, Req, UseFilters } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { BearerChallengeFilter } from './bearer-challenge.filter.js';
import { UserinfoService } from './userinfo.service.js';

@Controller('userinfo')
@UseFilters(BearerChallengeFilter)
export class UserinfoController {
  constructor(private readonly userinfo: UserinfoService) {}

  @Get()
  @Header('cache-control', 'no-store')
  get(@Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    return this.userinfo.of(request.headers.authorization ?? null);
  }

  @Post()
  @Header('cache-control', 'no-store')
  post(@Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    return this.userinfo.of(request.headers.authorization ?? null);
  }
}
