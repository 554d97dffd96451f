import { Controller, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import { html, page, sendPage, sendSeeOther } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConsentService } from './consent.service.js';
import { Interactions } from './interactions.js';
import { PageErrorsFilter } from './page-errors.filter.js';

@Controller('u/consent/:uid')
@UseFilters(PageErrorsFilter)
export class ConsentController {
  constructor(
    private readonly interactions: Interactions,
    private readonly consent: ConsentService,
  ) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'consent');
    const { clientName, host, permissions } = await this.consent.question(details);
    const content = html`
      <p>${clientName} asks for:</p>
      <ul>
        ${permissions.map(({ text, scope }) => html`<li>${text} <code>${scope}</code></li>`)}
      </ul>
      <p class="note">You will be sent back to <strong>${host}</strong>.</p>
      <form method="post">
        <input type="hidden" name="csrf" value="${await this.interactions.formToken(details)}" />
        <button type="submit" name="action" value="accept">Allow</button>
        <button type="submit" name="action" value="deny">Do not allow</button>
      </form>
    `;
    sendPage(reply, 200, page(`Allow ${clientName}?`, content));
  }

  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'consent');
    const fields = await this.interactions.form(request, details);
    const result = await this.consent.answer(details, fields.get('action') === 'accept');
    sendSeeOther(reply, await this.interactions.finish(request, reply, result));
  }
}
