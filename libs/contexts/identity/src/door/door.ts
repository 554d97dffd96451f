import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { errorAnswer } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import type { VerifiedProof } from '../dpop/dpop-proofs.js';
import { ProviderHolder } from '../library/provider-holder.js';
import { TokenRequest } from './token-request.js';

/** The library's routes that a client calls by itself. */
export type ClientRoute = '/oauth/token' | '/oauth/par';

/** Where an assertion may say that it is for, beside the issuer. */
const ENDPOINTS: Record<ClientRoute, readonly string[]> = {
  '/oauth/token': ['/oauth/token'],
  '/oauth/par': ['/oauth/token', '/oauth/par'],
};

export interface Admitted {
  clientId: string;
  proof: VerifiedProof | null;
}

export interface Arriving {
  request: IncomingMessage;
  response: ServerResponse;
  body: Buffer;
}

/** Stands before the library: what it lets through names its client and proves nothing any more. */
@Injectable()
export class Door {
  constructor(
    private readonly holder: ProviderHolder,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @param admit authenticates the client, or throws; what it throws is the answer */
  async answer(
    route: ClientRoute,
    { request, response, body }: Arriving,
    admit: (sent: TokenRequest) => Promise<Admitted>,
  ): Promise<void> {
    try {
      const sent = TokenRequest.read(request, body, ENDPOINTS[route]);
      const { clientId, proof } = await admit(sent);
      if (proof?.nextNonce) response.setHeader('dpop-nonce', proof.nextNonce);
      await this.holder.answer({ clientId, proof }, formRequest(route, request, sent.formFor(clientId)), response);
    } catch (error) {
      const { status, headers, body: said } = errorAnswer(route, error);
      if (status >= 500) this.logger.error({ err: error, path: route }, 'request failed');
      response.writeHead(status, headers).end(JSON.stringify(said));
    }
  }
}

/**
 * What the library gets to read in place of the request: no credentials, no origin, one encoding. It reads these members
 * and no others, hence the cast: nobody can make an `IncomingMessage` that was not received.
 */
function formRequest(url: ClientRoute, { socket, headers: { dpop } }: IncomingMessage, form: string): IncomingMessage {
  const sent = {
    socket,
    method: 'POST',
    url,
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(form)),
      ...(dpop === undefined ? {} : { dpop }),
    },
  };
  return Object.assign(Readable.from([Buffer.from(form)], { objectMode: false }), sent) as unknown as IncomingMessage;
}
