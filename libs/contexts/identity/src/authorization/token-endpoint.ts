import type { IncomingMessage, ServerResponse } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import { errorAnswer, OtherGrants } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import { InvalidRequestError, UnauthorizedClientError, UnsupportedGrantTypeError } from './authorization.errors.js';
import { ProviderHolder } from './provider-holder.js';
import { RegisteredClients } from './registered-clients.js';
import { TokenRequest } from './token-request.js';

const SERVED = ['authorization_code', 'refresh_token', 'client_credentials'];

/** `/oauth/token` for all grants but the exchange: the door in front of the library. */
@Injectable()
export class TokenEndpoint extends OtherGrants {
  constructor(
    private readonly clients: RegisteredClients,
    private readonly holder: ProviderHolder,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  override async answer(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    try {
      const clientId = await this.admit(request, body);
      await this.holder.answer({ clientId }, request, response);
    } catch (error) {
      const { status, headers, body: said } = errorAnswer('/oauth/token', error);
      if (status >= 500) this.logger.error({ err: error, path: '/oauth/token' }, 'request failed');
      response.writeHead(status, headers).end(JSON.stringify(said));
    }
  }

  /** Leaves a request behind that names the client and proves nothing: the proof was checked here. */
  private async admit(request: IncomingMessage, body: Buffer): Promise<string> {
    const { headers } = request;
    const sent = TokenRequest.read(headers['content-type'], headers.authorization, body);
    const grantType = sent.required('grant_type');
    if (!SERVED.includes(grantType)) throw new UnsupportedGrantTypeError(grantType);
    if (sent.get('organization') !== undefined) throw new InvalidRequestError('organisations are not offered');
    const client = await this.clients.authenticated(sent, sent.get('refresh_token'));
    if (!client.grantTypes.includes(grantType)) throw UnauthorizedClientError.grant(grantType);

    const form = sent.formFor(client.clientId);
    delete headers.authorization;
    delete headers.origin; // cross-origin answers are ours to allow
    delete headers['transfer-encoding'];
    headers.accept = 'application/json';
    headers['content-type'] = 'application/x-www-form-urlencoded';
    headers['content-length'] = String(Buffer.byteLength(form));
    request.url = '/oauth/token';
    Object.assign(request, { body: form });
    return client.clientId;
  }
}
