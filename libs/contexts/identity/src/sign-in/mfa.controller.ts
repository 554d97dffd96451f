import { Controller, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import { html } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Interactions } from './interactions.js';
import { PageErrorsFilter } from './page-errors.filter.js';
import { texts } from './texts.js';

/** Where a second factor will be asked for. None can be set up yet, so the one way on is back. */
@Controller('u/mfa/:uid')
@UseFilters(PageErrorsFilter)
export class MfaController {
  constructor(private readonly interactions: Interactions) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'mfa');
    const { title, why, what, back } = texts.mfa;
    const content = html`
      <p>${why(await this.interactions.clientName(details))}</p>
      <p>${what}</p>
      <form method="post">
        <input type="hidden" name="csrf" value="${await this.interactions.formToken(details)}" />
        <button class="main" type="submit">${back}</button>
      </form>
    `;
    this.interactions.show(reply, details, { title, content });
  }

  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'mfa');
    await this.interactions.form(request, details);
    const refused = { error: 'access_denied', error_description: texts.mfa.denied };
    await this.interactions.finish(request, reply, details, refused);
  }
}
