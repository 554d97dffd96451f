import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { sha256 } from '../hash.js';
import { RefreshTokens } from '../tokens/refresh-tokens.js';
import { RegisteredClients } from './registered-clients.js';
import type { TokenRequest } from './token-request.js';

@Injectable()
export class RevocationService {
  constructor(
    private readonly database: DataSource,
    private readonly clients: RegisteredClients,
    private readonly tokens: RefreshTokens,
    private readonly artefacts: ArtefactsService,
  ) {}

  /**
   * A refresh token takes its grant along, and with it every token of that grant; an opaque access token ends alone. A
   * JWT cannot be taken back by itself: it ends with its grant. Another client's token stays as it is.
   */
  async revoke(request: TokenRequest): Promise<void> {
    const value = request.required('token');
    const { clientId } = await this.clients.authenticated(request, value);
    const token = await this.tokens.find(value);
    if (token?.clientId === clientId)
      await this.database.transaction((tx) => this.artefacts.endOfGrant(tx, token.grantId));
    else
      await this.database.query(
        `delete from artefacts where kind = 'AccessToken' and id_hash = $1 and client_id = $2`,
        [sha256(value), clientId],
      );
  }
}
