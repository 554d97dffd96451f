import { type ArgumentsHost, Catch, type ExceptionFilter, Inject, Injectable } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { errorAnswer, sendPage } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemPage } from './refusal-page.js';
import { texts } from './texts.js';

/** People see a page, whatever went wrong; what a failure of ours says goes to the log. */
@Injectable()
@Catch()
export class PageErrorsFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const path = http.getRequest<FastifyRequest>().url.split('?')[0]!;
    const { status, headers } = errorAnswer(path, error);
    // The step itself, `/u/login/…`, is what its cookie holds.
    const page = path.split('/').slice(0, 3).join('/');
    if (status >= 500) this.logger.error({ err: error, path: page }, 'a page of sign-in failed');
    const what = error instanceof VaultError && status < 500 ? error.message : texts.problem.failed;
    sendPage(http.getResponse<FastifyReply>().headers(headers), status, problemPage(what));
  }
}
