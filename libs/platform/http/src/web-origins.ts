import type { Clients } from '@strongroom/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';

const REMEMBERED_MS = 2_000;
const ENTRIES = 1_000;

/** Beside what every page may read. */
const EXPOSED =
  'dpop-nonce, www-authenticate, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset';

/** Pages in browsers that may read answers: those at a client's `web_origins`. Remembered for two seconds. */
export class WebOrigins {
  private readonly remembered = new Map<string, { answer: Promise<boolean>; until: number }>();

  constructor(
    private readonly clients: Clients,
    private readonly now: () => number = () => Date.now(),
  ) {}

  /** `clientId` null: some client's. What cannot be asked is no. */
  async has(origin: string, clientId: string | null): Promise<boolean> {
    const key = JSON.stringify([origin, clientId]);
    const now = this.now();
    const known = this.remembered.get(key);
    if (known && known.until > now) return known.answer;
    const answer = this.clients.isWebOrigin(origin, clientId).catch(() => false);
    this.remembered.delete(key);
    this.remembered.set(key, { answer, until: now + REMEMBERED_MS });
    if (this.remembered.size > ENTRIES) this.remembered.delete(this.remembered.keys().next().value!);
    return answer;
  }

  /** Lets the page that sent the request read the answer, if it may. */
  async open(request: FastifyRequest, reply: FastifyReply, clientId: string | null): Promise<void> {
    const { origin } = request.headers;
    if (origin && (await this.has(origin, clientId)))
      void reply.headers({ 'access-control-allow-origin': origin, 'access-control-expose-headers': EXPOSED });
  }
}
