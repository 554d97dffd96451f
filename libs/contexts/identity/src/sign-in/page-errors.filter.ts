import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { html, page, sendPage } from '@strongroom/http';
import type { FastifyReply } from 'fastify';

/** Refusals of the sign-in pages, as a page. */
@Catch(VaultError)
export class PageErrorsFilter implements ExceptionFilter<VaultError> {
  catch(error: VaultError, host: ArgumentsHost): void {
    const content = html`<p class="problem">${error.message}</p>
      <p>Go back to the application and start again.</p>`;
    sendPage(host.switchToHttp().getResponse<FastifyReply>(), error.status, page('This cannot go on', content));
  }
}
