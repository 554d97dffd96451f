import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { OtherGrants } from '@strongroom/http';
import { UnauthorizedClientError, UnsupportedGrantTypeError } from '../authorization.errors.js';
import { demandProofOfClient, DpopProofs } from '../dpop/dpop-proofs.js';
import { type Admitted, Door } from './door.js';
import { RegisteredClients } from './registered-clients.js';
import type { TokenRequest } from './token-request.js';

const SERVED = ['authorization_code', 'refresh_token', 'client_credentials'];

/** `/oauth/token` for all grants but the exchange. */
@Injectable()
export class TokenEndpoint extends OtherGrants {
  constructor(
    private readonly door: Door,
    private readonly clients: RegisteredClients,
    private readonly proofs: DpopProofs,
  ) {
    super();
  }

  override answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    return this.door.answer('/oauth/token', { request, response, body }, (sent) =>
      this.admit(sent, request.headers['dpop']),
    );
  }

  private async admit(sent: TokenRequest, dpop: string | string[] | undefined): Promise<Admitted> {
    const grantType = sent.required('grant_type');
    if (!SERVED.includes(grantType)) throw new UnsupportedGrantTypeError(grantType);
    sent.refuseOrganisations();
    const client = await this.clients.authenticated(sent, sent.get('refresh_token'));
    const { clientId, grantTypes } = client;
    if (!grantTypes.includes(grantType)) throw UnauthorizedClientError.grant(grantType);
    const proof = await this.proofs.sentTo('/oauth/token', dpop);
    demandProofOfClient(client, proof);
    // Before the code is: a proof that was used must not cost the client its code.
    if (proof && grantType !== 'refresh_token') await this.proofs.spend(proof);
    return { clientId, proof };
  }
}
