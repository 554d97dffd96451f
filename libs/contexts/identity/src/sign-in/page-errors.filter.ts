import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { sendPage } from '@strongroom/http';
import type { FastifyReply } from 'fastify';
import { problemPage } from './refusal-page.js';

/** Refusals of the sign-in pages, as a page. */
@Catch(VaultError)
export class PageErrorsFilter implements ExceptionFilter<VaultError> {
  catch(error: VaultError, host: ArgumentsHost): void {
    sendPage(host.switchToHttp().getResponse<FastifyReply>(), error.status, problemPage(error.message));
  }
}
