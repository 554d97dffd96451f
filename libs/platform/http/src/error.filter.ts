import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import type { Logger } from '@strongroom/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorAnswer } from './error-answer.js';
import { TooBusyError } from './work-in-flight.js';

/** The last stop of every error of a route: answers in the API's shape, logs what is our fault. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const path = request.url.split('?')[0]!;
    const { status, headers, body } = errorAnswer(path, error);
    // Said once for many: a line each would be more work where there is too much.
    if (error instanceof TooBusyError) this.logger.debug({ path }, 'request refused');
    else if (status >= 500) this.logger.error({ err: error, path, method: request.method }, 'request failed');
    else if (error instanceof VaultError && error.cause) this.logger.info({ err: error, path }, 'request refused');
    if (!reply.sent) void reply.code(status).headers(headers).send(body);
  }
}
