import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { errorAnswer, OtherGrants } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import { InvalidRequestError, UnauthorizedClientError, UnsupportedGrantTypeError } from '../authorization.errors.js';
import { ProviderHolder } from '../library/provider-holder.js';
import { demandProofOfClient, DpopProofs, type VerifiedProof } from '../dpop/dpop-proofs.js';
import { RegisteredClients } from './registered-clients.js';
import { TokenRequest } from './token-request.js';

const SERVED = ['authorization_code', 'refresh_token', 'client_credentials'];

/** `/oauth/token` for all grants but the exchange: the door in front of the library. */
@Injectable()
export class TokenEndpoint extends OtherGrants {
  constructor(
    private readonly clients: RegisteredClients,
    private readonly holder: ProviderHolder,
    private readonly proofs: DpopProofs,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  override async answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    try {
      const { clientId, form, proof } = await this.admit(request, body);
      if (proof?.nextNonce) response.setHeader('dpop-nonce', proof.nextNonce);
      await this.holder.answer({ clientId, proof }, formRequest(request, form), response);
    } catch (error) {
      const { status, headers, body: said } = errorAnswer('/oauth/token', error);
      if (status >= 500) this.logger.error({ err: error, path: '/oauth/token' }, 'request failed');
      response.writeHead(status, headers).end(JSON.stringify(said));
    }
  }

  /** Authenticates the client, and leaves a form that names it and proves nothing. */
  private async admit(
    request: IncomingMessage,
    body: Buffer,
  ): Promise<{ clientId: string; form: string; proof: VerifiedProof | null }> {
    const { headers } = request;
    const sent = TokenRequest.read(headers['content-type'], headers.authorization, body);
    const grantType = sent.required('grant_type');
    if (!SERVED.includes(grantType)) throw new UnsupportedGrantTypeError(grantType);
    if (sent.get('organization') !== undefined) throw new InvalidRequestError('organisations are not offered');
    const client = await this.clients.authenticated(sent, sent.get('refresh_token'));
    const { clientId, grantTypes } = client;
    if (!grantTypes.includes(grantType)) throw UnauthorizedClientError.grant(grantType);
    const proof = await this.proofs.sentTo('/oauth/token', headers['dpop']);
    demandProofOfClient(client, proof);
    // Before the code is: a proof that was used must not cost the client its code.
    if (proof && grantType !== 'refresh_token') await this.proofs.spend(proof);
    return { clientId, form: sent.formFor(clientId), proof };
  }
}

/** What the library gets to read in place of the request: no credentials, no origin, one encoding. */
function formRequest({ socket, headers: { dpop } }: IncomingMessage, form: string): IncomingMessage {
  const sent = {
    socket,
    method: 'POST',
    url: '/oauth/token',
    headers: {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(form)),
      ...(dpop === undefined ? {} : { dpop }),
    },
  };
  return Object.assign(Readable.from([Buffer.from(form)], { objectMode: false }), sent) as unknown as IncomingMessage;
}
