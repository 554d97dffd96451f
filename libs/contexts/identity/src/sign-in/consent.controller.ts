import { Controller, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import { html } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ConsentService } from './consent.service.js';
import { Interactions } from './interactions.js';
import { PageErrorsFilter } from './page-errors.filter.js';
import { texts } from './texts.js';

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
    const clientName = await this.interactions.clientName(details);
    const { host, permissions } = await this.consent.question(details);
    const { title, asks, destination, accept, deny } = texts.consent;
    const content = html`
      <p>${asks(clientName)}</p>
      <ul>
        ${permissions.map(({ text, scope }) => html`<li>${text} <code>${scope}</code></li>`)}
      </ul>
      <p class="note">${destination} <strong>${host}</strong>.</p>
      <form method="post">
        <input type="hidden" name="csrf" value="${await this.interactions.formToken(details)}" />
        <button type="submit" name="action" value="accept">${accept}</button>
        <button type="submit" name="action" value="deny">${deny}</button>
      </form>
    `;
    this.interactions.show(reply, details, { title: title(clientName), content });
  }

  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'consent');
    const fields = await this.interactions.form(request, details);
    const result = await this.consent.answer(details, fields.get('action') === 'accept');
    await this.interactions.finish(request, reply, details, result);
  }
}
