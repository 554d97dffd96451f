import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { VaultError } from '@strongroom/errors';
import { errorAnswer } from '@strongroom/http';
import type { FastifyReply } from 'fastify';

/** Errors of a resource that takes bearer tokens, with the challenge of RFC 6750 §3. */
@Catch(VaultError)
export class BearerChallengeFilter implements ExceptionFilter<VaultError> {
  catch(error: VaultError, host: ArgumentsHost): void {
    const { status, headers, body } = errorAnswer('/userinfo', error);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const isChallenged = 'www-authenticate' in headers;
    if (!isChallenged && (status === 401 || status === 403))
      void reply.header('www-authenticate', `Bearer error="${error.code}"`);
    void reply.code(status).headers(headers).send(body);
  }
}
