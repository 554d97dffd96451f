import { Controller, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import { html, mediaType, page, pageHeaders, rawBody, sendPage } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PageEndedError } from '../authorization.errors.js';
import { PageErrorsFilter } from '../sign-in/page-errors.filter.js';
import { texts } from '../sign-in/texts.js';
import { BrowserSession } from './browser-session.js';
import { type LoggedOut, LogoutService } from './logout.service.js';

type Parameters = (name: string) => string | undefined;

/** Sign-out, as applications send browsers to it: OpenID Connect's way, and the older one that libraries still take. */
@Controller()
@UseFilters(PageErrorsFilter)
export class LogoutController {
  constructor(
    private readonly browser: BrowserSession,
    private readonly logout: LogoutService,
  ) {}

  @Get('oidc/logout')
  show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, 'post_logout_redirect_uri', parametersOf(queryOf(request)));
  }

  @Post('oidc/logout')
  submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (mediaType(request) !== 'application/x-www-form-urlencoded') throw new PageEndedError(texts.problem.noForm, 415);
    const form = new URLSearchParams(rawBody(request).toString('utf8'));
    return this.answer(request, reply, 'post_logout_redirect_uri', parametersOf(form));
  }

  /** `federated` is not there: nobody is signed out at a provider. */
  @Get('v2/logout')
  older(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.answer(request, reply, 'returnTo', parametersOf(queryOf(request)));
  }

  private async answer(
    request: FastifyRequest,
    reply: FastifyReply,
    addressName: string,
    sent: Parameters,
  ): Promise<void> {
    const session = await this.browser.of(request, reply);
    const returnTo = sent(addressName);
    const outcome = await this.logout.logout(
      {
        clientId: sent('client_id'),
        returnTo,
        state: addressName === 'returnTo' ? undefined : sent('state'),
        sid: sent('logout_hint'),
        idTokenHint: sent('id_token_hint'),
      },
      session,
    );
    if (outcome.session !== 'another') await this.browser.forget(reply);
    // After a POST the browser must not send the form on (RFC 9700 §4.12).
    if (outcome.location !== null)
      void reply
        .code(request.method === 'POST' ? 303 : 302)
        .headers({ ...pageHeaders, location: outcome.location })
        .send();
    else sendOwnPage(reply, outcome, returnTo !== undefined);
  }
}

function sendOwnPage(reply: FastifyReply, { session }: LoggedOut, isAddressRefused: boolean): void {
  const { title, refusedTitle, done, nothing, addressRefused } = texts.logout;
  const isRefused = isAddressRefused || session === 'another';
  const said = { ended: done, none: nothing, another: texts.problem.unknown }[session];
  const content = html`<p>${said}</p>
    ${isAddressRefused && html`<p class="problem" role="alert">${addressRefused}</p>`}`;
  const heading = session === 'ended' || !isRefused ? title : refusedTitle;
  sendPage(reply, isRefused ? 400 : 200, page(heading, content, { language: texts.language }));
}

const queryOf = ({ url }: FastifyRequest): URLSearchParams => new URL(url, 'http://query.invalid').searchParams;

/** An empty one counts as absent. @throws PageEndedError for what is there twice */
const parametersOf =
  (sent: URLSearchParams): Parameters =>
  (name) => {
    const [value, ...more] = sent.getAll(name);
    if (more.length > 0) throw new PageEndedError(texts.problem.unknown);
    return value || undefined;
  };
