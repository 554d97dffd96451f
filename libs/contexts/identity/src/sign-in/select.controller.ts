import { Controller, Get, Post, Req, Res, UseFilters } from '@nestjs/common';
import { People } from '@strongroom/contracts';
import { html } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Interactions } from './interactions.js';
import { PageErrorsFilter } from './page-errors.filter.js';
import { ANOTHER_ACCOUNT, SAME_ACCOUNT } from './prompts.js';
import { texts } from './texts.js';

/** Whether to go on as who is signed in. */
@Controller('u/select/:uid')
@UseFilters(PageErrorsFilter)
export class SelectController {
  constructor(
    private readonly interactions: Interactions,
    private readonly people: People,
  ) {}

  @Get()
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'select_account');
    const person = await this.people.get(details.session?.accountId ?? '');
    const name = person?.displayName ?? '';
    const { title, purpose, signedIn, accept, other } = texts.select;
    const content = html`
      <p class="note">${purpose(await this.interactions.clientName(details))}</p>
      <p>${signedIn} <strong>${name}</strong>.</p>
      <form method="post">
        <input type="hidden" name="csrf" value="${await this.interactions.formToken(details)}" />
        <button type="submit" name="action" value="accept">${accept(name)}</button>
        <button type="submit" name="action" value="other">${other}</button>
      </form>
    `;
    this.interactions.show(reply, details, { title, content });
  }

  @Post()
  async submit(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const details = await this.interactions.current(request, reply, 'select_account');
    const fields = await this.interactions.form(request, details);
    const result = fields.get('action') === 'accept' ? SAME_ACCOUNT : ANOTHER_ACCOUNT;
    await this.interactions.finish(request, reply, details, result);
  }
}
