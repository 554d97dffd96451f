import { Controller, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import { clientAddress, html } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BrowserSession } from '../sessions/browser-session.js';
import { Interactions, type Interaction } from './interactions.js';
import { LoginService, type LoginRefusal } from './login.service.js';
import { PageErrorsFilter } from './page-errors.filter.js';
import { texts } from './texts.js';

@Controller('u/login/:uid')
@UseFilters(PageErrorsFilter)
export class LoginController {
  constructor(
    private readonly interactions: Interactions,
    private readonly login: LoginService,
    private readonly browser: BrowserSession,
  ) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'login');
    await this.form(reply, details, hintOf(details), null);
  }

  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'login');
    const fields = await this.interactions.form(request, details);
    const username = fields.get('username') ?? '';
    const password = fields.get('password') ?? '';
    const open = await this.browser.of(request, reply);
    const ip = clientAddress(request) ?? request.ip;
    const outcome = await this.login.signIn({ username, password, ip, details, open });
    if ('refusal' in outcome) {
      if (outcome.waitSeconds) void reply.header('retry-after', String(outcome.waitSeconds));
      return this.form(reply, details, username, outcome.refusal);
    }
    await this.interactions.finish(request, reply, details, outcome);
  }

  /** After a refusal the password is what is typed again; what was wrong is said with the fields, and announced. */
  private async form(
    reply: FastifyReply,
    details: Interaction,
    username: string,
    refusal: LoginRefusal | null,
  ): Promise<void> {
    const { title, purpose, refusals, submit, ...labels } = texts.login;
    const invalid = refusal && html` aria-invalid="true" aria-describedby="problem"`;
    const startsAtPassword = username !== '';
    const content = html`
      <p class="note">${purpose(await this.interactions.clientName(details))}</p>
      ${refusal && html`<p class="problem" id="problem" role="alert">${refusals[refusal]}</p>`}
      <form method="post">
        <input type="hidden" name="csrf" value="${await this.interactions.formToken(details)}" />
        <label for="username">${labels.username}</label>
        <input
          type="text"
          id="username"
          name="username"
          value="${username}"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required${invalid}${!startsAtPassword && html` autofocus`}
        />
        <label for="password">${labels.password}</label>
        <input
          type="password"
          id="password"
          name="password"
          autocomplete="current-password"
          required${invalid}${startsAtPassword && html` autofocus`}
        />
        <button class="main" type="submit">${submit}</button>
      </form>
    `;
    this.interactions.show(reply, details, { status: refusal ? STATUS[refusal] : 200, title, content });
  }
}

const STATUS: Record<LoginRefusal, number> = { wrong: 401, blocked: 403, wait: 429 };

/** Fills the field in; chooses nobody. */
const hintOf = ({ params }: Interaction): string =>
  typeof params['login_hint'] === 'string' ? params['login_hint'] : '';
