import type { PortMethod, ServiceName } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { type Dispatcher, errors, Pool } from 'undici';
import { ServiceUnavailableError } from './rpc.errors.js';
import type { RpcTls } from './rpc-server.js';
import { type OwnTokens, TOKEN_HEADER } from './service-tokens.js';
import { fromWire } from './wire-error.js';

const CONNECTIONS = 64;
const CONNECT_MS = 2_000;
/** What a callee says of the call itself. */
const OF_OURS = ['invalid_service_token', 'call_refused', 'invalid_call'];

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
          connect: { timeout: CONNECT_MS, ...tls },
          // Shorter than the server's: a connection must not be used in the moment in which it is closed.
          keepAliveTimeout: 30_000,
          keepAliveMaxTimeout: 60_000,
          headersTimeout: 0,
          bodyTimeout: 0,
        }),
    );
  }

  /** @throws the callee's own `VaultError`; ServiceUnavailableError where there is no answer of its. */
  async call(path: string, parameters: readonly unknown[], method: PortMethod): Promise<unknown> {
    const body = JSON.stringify(parameters);
    const deadline = AbortSignal.timeout(method.deadlineMs);
    let failure: unknown;
    // Once more, elsewhere if there is an elsewhere: right after a restart the first address may be gone for good.
    for (let tries = 0; tries < Math.max(2, this.pools.length); tries++) {
      try {
        return await this.once(path, body, deadline);
      } catch (error) {
        if (error instanceof VaultError) throw error; // the callee's own
        failure = error;
        if (deadline.aborted || !(method.isRepeatable || notBegun(error))) break;
      }
    }
    throw new ServiceUnavailableError(this.service, failure);
  }

  /** A request whose answer is read by the caller: once, whatever happens. */
  async stream(path: string, headers: Record<string, string>, body: Buffer): Promise<Dispatcher.ResponseData> {
    let failure: unknown;
    for (let tries = 0; tries < Math.max(2, this.pools.length); tries++) {
      try {
        return await this.next().request({
          path,
          method: 'POST',
          headers: { ...headers, [TOKEN_HEADER]: await this.tokens.for(this.service) },
          body,
        });
      } catch (error) {
        failure = error;
        if (!notBegun(error)) break;
      }
    }
    throw new ServiceUnavailableError(this.service, failure);
  }

  async close(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.destroy()));
  }

  private next(): Pool {
    this.turn = (this.turn + 1) % this.pools.length;
    return this.pools[this.turn]!;
  }

  private async once(path: string, body: string, signal: AbortSignal): Promise<unknown> {
    const answer = await this.next().request({
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', [TOKEN_HEADER]: await this.tokens.for(this.service) },
      body,
      signal,
    });
    const text = await answer.body.text();
    const said = parsed(text);
    if (answer.statusCode === 200 && said && 'result' in said) return said['result'];
    const error = fromWire(answer.statusCode, said);
    if (error?.code === 'not_ready') throw new NotBegunError('the callee is starting');
    // Its refusal of us is no refusal of what our own caller wants.
    if (!error || OF_OURS.includes(error.code)) throw new Error(`answered ${answer.statusCode} ${error?.code ?? ''}`);
    throw error;
  }
}

const notBegun = (error: unknown): boolean =>
  error instanceof NotBegunError ||
  error instanceof errors.ConnectTimeoutError ||
  ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'].includes(
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
