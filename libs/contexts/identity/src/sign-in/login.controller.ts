import { Controller, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import { html, page, sendPage, sendSeeOther } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Interactions, type Interaction } from './interactions.js';
import { LoginService, type LoginRefusal } from './login.service.js';
import { PageErrorsFilter } from './page-errors.filter.js';

@Controller('u/login/:uid')
@UseFilters(PageErrorsFilter)
export class LoginController {
  constructor(
    private readonly interactions: Interactions,
    private readonly login: LoginService,
  ) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'login');
    await this.form(reply, 200, details, hintOf(details), null);
  }

  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'login');
    const fields = await this.interactions.form(request, details);
    const username = fields.get('username') ?? '';
    const outcome = await this.login.signIn({
      username,
      password: fields.get('password') ?? '',
      ip: request.ip,
      details,
    });
    if ('refusal' in outcome) {
      if (outcome.waitSeconds) void reply.header('retry-after', String(outcome.waitSeconds));
      return this.form(reply, STATUS[outcome.refusal], details, username, TEXT[outcome.refusal]);
    }
    sendSeeOther(reply, await this.interactions.finish(request, reply, { login: outcome.login }));
  }

  private async form(
    reply: FastifyReply,
    status: number,
    details: Interaction,
    username: string,
    problem: string | null,
  ): Promise<void> {
    const content = html`
      <p class="note">to continue to ${await this.login.clientName(details)}</p>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <form method="post">
        <input type="hidden" name="csrf" value="${await this.interactions.formToken(details)}" />
        <label for="username">Email or username</label>
        <input type="text" id="username" name="username" value="${username}" autocomplete="username" required />
        <label for="password">Password</label>
        <input type="password" id="password" name="password" autocomplete="current-password" required />
        <button class="main" type="submit">Sign in</button>
      </form>
    `;
    sendPage(reply, status, page('Sign in', content));
  }
}

const STATUS: Record<LoginRefusal, number> = { wrong: 401, blocked: 403, wait: 429 };
const TEXT: Record<LoginRefusal, string> = {
  wrong: 'That is not the right email or password.',
  blocked: 'This account is blocked. Ask the people who run this service.',
  wait: 'Too many attempts. Wait a while and try again.',
};

/** Fills the field in; chooses nobody. */
const hintOf = ({ params }: Interaction): string =>
  typeof params['login_hint'] === 'string' ? params['login_hint'] : '';
