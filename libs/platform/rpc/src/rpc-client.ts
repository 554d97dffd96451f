import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type PortName, portTable, type ServiceName } from '@strongroom/contracts';
import type { VaultError } from '@strongroom/errors';
import type { Logger } from '@strongroom/observability';
import { Callee } from './callee.js';
import { senderHeaders } from './handed-on-sender.js';
import { refusePublicAddress } from './private-address.js';
import { type AnswersOtherGrants, OTHER_GRANTS_PATH, type RpcTls } from './rpc-server.js';
import type { ServiceKeys } from './service-keys.js';
import { OwnTokens } from './service-tokens.js';

export interface RpcClientOptions {
  name: ServiceName;
  keys: ServiceKeys;
  /** Where each callee listens; several addresses take turns. */
  urls: Partial<Record<ServiceName, readonly string[]>>;
  logger: Logger;
  tls?: RpcTls;
}

/** Headers of the client that say who it is and what it sent; the rest ends here. */
const HANDED_ON = ['content-type', 'authorization', 'dpop', 'accept', 'origin', 'user-agent'];
/** Belong to one connection, not to the answer. */
const HOP_BY_HOP = ['connection', 'keep-alive', 'transfer-encoding'];

/** The ports that other services offer, over HTTP. Whoever uses one cannot tell. */
export class RpcClient {
  private readonly callees = new Map<ServiceName, Callee>();

  constructor(private readonly options: RpcClientOptions) {
    const tokens = new OwnTokens(options.keys);
    for (const [service, urls] of Object.entries(options.urls) as [ServiceName, readonly string[]][])
      this.callees.set(service, new Callee(service, urls, tokens, options.tls));
  }

  /** @throws Error if a callee would be called in the clear over a public network. */
  async check(): Promise<void> {
    for (const [service, urls] of Object.entries(this.options.urls))
      for (const url of urls)
        await refusePublicAddress(`STRONGROOM_${service.replaceAll('-', '_').toUpperCase()}_RPC_URL`, url);
  }

  /** An object that has the methods of the port. */
  port<Port extends object = object>(name: PortName): Port {
    const { offeredBy, methods } = portTable[name];
    const callee = this.calleeOf(offeredBy);
    return Object.fromEntries(
      Object.entries(methods).map(([method, about]) => [
        method,
        (...parameters: unknown[]) => callee.call(`/rpc/${name}/${method}`, parameters, about),
      ]),
    ) as Port;
  }

  /** `/oauth/token` for every grant but the vault's: the bytes go to `identity`, and its bytes come back. */
  otherGrants(unavailable: (error: VaultError, response: ServerResponse) => void): AnswersOtherGrants {
    const callee = this.calleeOf('identity');
    return {
      answer: async (request: IncomingMessage, response: ServerResponse, body: Buffer) => {
        const headers = {
          ...(Object.fromEntries(
            HANDED_ON.flatMap((name) =>
              request.headers[name] === undefined ? [] : [[name, String(request.headers[name])]],
            ),
          ) as Record<string, string>),
          ...senderHeaders(request),
        };
        let answer;
        try {
          answer = await callee.stream(OTHER_GRANTS_PATH, headers, body);
        } catch (error) {
          this.options.logger.error({ err: error, path: OTHER_GRANTS_PATH }, 'a call failed');
          return unavailable(error as VaultError, response);
        }
        response.statusCode = answer.statusCode;
        for (const [name, value] of Object.entries(answer.headers))
          if (value !== undefined && !HOP_BY_HOP.includes(name)) response.setHeader(name, value);
        await pipeline(answer.body, response).catch((error: unknown) => {
          this.options.logger.warn({ err: error }, 'an answer of identity broke off');
        });
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.callees.values()].map((callee) => callee.close()));
  }

  private calleeOf(service: ServiceName): Callee {
    const callee = this.callees.get(service);
    if (!callee)
      throw new Error(
        `STRONGROOM_${service.replaceAll('-', '_').toUpperCase()}_RPC_URL is not set: ${this.options.name} calls it.`,
      );
    return callee;
  }
}
