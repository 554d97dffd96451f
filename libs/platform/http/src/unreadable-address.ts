import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { errorAnswer } from './error-answer.js';
import { urlTooLong } from './limits.js';
import { atAddress, type RateLimits, showAllowance } from './rate-limits.js';
import { apiAt } from './surfaces.js';
import { ValidationError } from './validation.js';

interface Answering {
  isHttps: boolean;
  rateLimits?: RateLimits;
}

/**
 * For an address that the router cannot read (`%E0`): there is no route, so neither hooks nor filters see it, and the
 * framework's own answer has a shape of its own and says the address again.
 */
export const answersUnreadableAddresses =
  ({ isHttps, rateLimits }: Answering) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const path = (request.raw.url ?? '/').split('?')[0]!;
    const thrown =
      error.code === 'FST_ERR_BAD_URL' ? unreadable : error.code === 'FST_ERR_MAX_PARAM_LENGTH' ? urlTooLong() : error;
    const { status, headers, body } = errorAnswer(path, thrown);
    const answer = () => void reply.send(body);
    void reply.code(status).headers({ ...headers, 'x-content-type-options': 'nosniff' });
    if (isHttps) void reply.header('strict-transport-security', 'max-age=31536000');
    const api = apiAt(path);
    if (api === null || !rateLimits) return answer();
    rateLimits
      .spend(api, atAddress(request))
      .then((left) => showAllowance(reply, left))
      .finally(answer)
      .catch(() => undefined); // it is answered, without the headers
  };

const unreadable = new ValidationError('uri', [{ path: [], detail: 'is not percent-encoded UTF-8' }]);
