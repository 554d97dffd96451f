import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject, Injectable } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { sendPage } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import type { FastifyReply } from 'fastify';
import { problemPage } from './connect-pages.js';

/** People see a page, never JSON, and never what an error says: it may hold what a stranger put into the URL. */
@Injectable()
@Catch()
export class PageErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const status =
      error instanceof VaultError ? error.status : error instanceof HttpException ? error.getStatus() : 500;
    if (status >= 500) this.logger.error({ err: error }, 'a page of the connect flow failed');
    sendPage(host.switchToHttp().getResponse<FastifyReply>(), status, problemPage());
  }
}
