import type { PortMethod, ServiceName } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { type Dispatcher, errors, Pool } from 'undici';
import { insideOnly } from './private-address.js';
import { ServiceUnavailableError } from './rpc.errors.js';
import type { RpcTls } from './rpc-server.js';
import { type OwnTokens, TOKEN_HEADER } from './service-tokens.js';
import { CALL_ERROR_HEADER, fromWire } from './wire-error.js';

/** A call may wait for a slow provider: as many as may wait at once must leave room for those that wait for nothing. */
const CONNECTIONS = 1_000;
const CONNECT_MS = 2_000;
/** How long until an answer begins that is passed on as it comes. */
const STREAM = { deadlineMs: 30_000, isRepeatable: false };

type Manner = Pick<PortMethod, 'deadlineMs' | 'isRepeatable'>;
type Sent = Pick<Dispatcher.RequestOptions, 'path' | 'body'> & { headers: Record<string, string> };

/** The callee was not reached, or said that it had not begun: nothing can have been done. */
class NotBegunError extends Error {}

/** Another service, at one address or at several that take turns. */
export class Callee {
  private readonly pools: Pool[];
  private turn = 0;

  constructor(
    private readonly service: ServiceName,
    urls: readonly string[],
    private readonly tokens: OwnTokens,
    tls: RpcTls | undefined,
  ) {
    this.pools = urls.map(
      (url) =>
        new Pool(url, {
          connections: CONNECTIONS,
          pipelining: 1,
          connect: { timeout: CONNECT_MS, ...tls, ...(url.startsWith('https:') ? {} : { lookup: insideOnly }) },
          // Shorter than the server's: a connection must not be used in the moment in which it is closed.
          keepAliveTimeout: 30_000,
          keepAliveMaxTimeout: 60_000,
          headersTimeout: 0,
          bodyTimeout: 0,
        }),
    );
  }

  /** @throws the callee's own `VaultError`; ServiceUnavailableError where there is no answer of its. */
  async call(path: string, parameters: readonly unknown[], method: Manner): Promise<unknown> {
    const sent = { path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(parameters) };
    return this.attempt(method, async (pool, signal) => {
      const answer = await this.send(pool, sent, signal);
      const said = parsed(await answer.body.text());
      if (answer.statusCode === 200 && said && 'result' in said) return said['result'];
      throw fromWire(answer.statusCode, said) ?? new Error(`answered ${answer.statusCode} and nothing that we know`);
    });
  }

  /** A request whose answer is read by the caller: once, whatever happens. */
  async stream(path: string, headers: Record<string, string>, body: Buffer): Promise<Dispatcher.ResponseData> {
    return this.attempt(STREAM, (pool, signal) => this.send(pool, { path, headers, body }, signal));
  }

  async close(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.destroy()));
  }

  /** Tries again, elsewhere if there is an elsewhere, what was not begun or may be done twice. */
  private async attempt<Answer>(
    { deadlineMs, isRepeatable }: Manner,
    send: (pool: Pool, signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
    // Its own round: other calls must not bring this one back to the address that has just failed.
    const first = this.turn++;
    let failure: unknown;
    try {
      for (let tries = 0; tries < Math.max(2, this.pools.length); tries++) {
        try {
          return await send(this.pools[(first + tries) % this.pools.length]!, deadline.signal);
        } catch (error) {
          if (error instanceof VaultError) throw error; // the callee's own
          failure = error;
          if (deadline.signal.aborted || !(isRepeatable || notBegun(error))) break;
        }
      }
    } finally {
      clearTimeout(timer);
    }
    throw new ServiceUnavailableError(this.service, failure);
  }

  /** @throws where the call itself was refused, which is no refusal of what our own caller wants. */
  private async send(pool: Pool, { path, headers, body }: Sent, signal: AbortSignal) {
    const token = await this.tokens.for(this.service);
    const answer = await pool.request({
      path,
      method: 'POST',
      headers: { ...headers, [TOKEN_HEADER]: token },
      body: body ?? null,
      signal,
    });
    const refusal = answer.headers[CALL_ERROR_HEADER];
    if (refusal === undefined) return answer;
    await answer.body.dump();
    if (refusal === 'not_ready') throw new NotBegunError('the callee is starting');
    throw new Error(`the call was refused: ${answer.statusCode} ${String(refusal)}`);
  }
}

const notBegun = (error: unknown): boolean =>
  error instanceof NotBegunError ||
  error instanceof errors.ConnectTimeoutError ||
  ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(
    String((error as { code?: unknown }).code),
  );

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
