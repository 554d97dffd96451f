import { Controller, Get, Param, Post, Query, Req, Res, UseFilters } from '@nestjs/common';
import { mediaType, PublicUrl, rawBody, sendSeeOther, UnsupportedMediaTypeError } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isLookAhead, sendAnswer, sendNothing } from './browser-answer.js';
import { linkNotValidPage } from './connect-pages.js';
import { DecideConsent } from './decide-consent.js';
import { CONNECT_PATH, OpenTicket } from './open-ticket.js';
import { PageErrorFilter } from './page-error.filter.js';
import { ProviderCallback } from './provider-callback.js';
import { callbackPath } from './provider-request.js';

type Values = Record<string, unknown>;

/** The browser's part of the flow, `spec/connect-flow.md` §4.2 to §4.5. Answers are pages and redirects only. */
@Controller()
@UseFilters(PageErrorFilter)
export class ConnectPagesController {
  constructor(
    private readonly tickets: OpenTicket,
    private readonly consents: DecideConsent,
    private readonly callbacks: ProviderCallback,
    private readonly publicUrl: PublicUrl,
  ) {}

  /** The shorter address of the same page. */
  @Get('connect')
  short(@Query('ticket') ticket: unknown, @Res() reply: FastifyReply): void {
    const query = typeof ticket === 'string' ? `?ticket=${encodeURIComponent(ticket)}` : '';
    sendSeeOther(reply, this.publicUrl.of(CONNECT_PATH) + query);
  }

  @Get('connected-accounts/connect')
  async open(@Query('ticket') ticket: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    if (isLookAhead(request)) return sendNothing(reply);
    if (typeof ticket !== 'string') return sendAnswer(reply, { status: 404, page: linkNotValidPage() });
    sendAnswer(reply, await this.tickets.open(ticket, request.headers.cookie));
  }

  @Get('connected-accounts/connect/signed-in')
  async signedIn(@Query() query: Values, @Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    if (isLookAhead(request)) return sendNothing(reply);
    sendAnswer(reply, await this.tickets.signedIn(query, request.headers.cookie));
  }

  @Post('connected-accounts/connect')
  async decide(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    const form = formOf(request);
    const answer = await this.consents.decide({
      cookieHeader: request.headers.cookie,
      fetchSite: request.headers['sec-fetch-site'],
      csrf: theOnly(form, 'csrf'),
      action: theOnly(form, 'action'),
    });
    sendAnswer(reply, answer);
  }

  @Get('connect/callback/:connection')
  async callback(
    @Param('connection') connection: string,
    @Query() query: Values,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    if (isLookAhead(request)) return sendNothing(reply);
    sendAnswer(reply, await this.callbacks.receive(connection, query, request.headers.cookie));
  }

  /** A provider that answers by `form_post`: the cookie stays away from a cross-site POST, so the GET does the work. */
  @Post('connect/callback/:connection')
  formPost(@Param('connection') connection: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    sendSeeOther(reply, `${this.publicUrl.of(callbackPath(connection))}?${formOf(request).toString()}`);
  }
}

function formOf(request: FastifyRequest): URLSearchParams {
  const type = 'application/x-www-form-urlencoded';
  if (mediaType(request) !== type) throw new UnsupportedMediaTypeError(type);
  return new URLSearchParams(rawBody(request).toString('utf8'));
}

/** Our page sends each field once; of two answers neither is the person's. */
function theOnly(form: URLSearchParams, name: string): string {
  const values = form.getAll(name);
  return values.length === 1 ? values[0]! : '';
}
