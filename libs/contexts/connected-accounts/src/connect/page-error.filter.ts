import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Injectable } from '@nestjs/common';
import { errorAnswer, sendPage } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { awayPage, problemPage } from './connect-pages.js';

/** People see a page, never JSON, and never what an error says: it may hold what a stranger put into the URL. */
@Injectable()
@Catch()
export class PageErrorFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const { status, headers } = errorAnswer(http.getRequest<FastifyRequest>().url.split('?')[0]!, error);
    if (status >= 500) this.logger.error({ err: error }, 'a page of the connect flow failed');
    const page = status === 503 ? awayPage() : problemPage();
    sendPage(http.getResponse<FastifyReply>().headers(headers), status, page);
  }
}
