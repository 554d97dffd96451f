import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
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

  /** A refresh token takes its grant along, and with it every token of that grant; another client's stays. */
  async revoke(request: TokenRequest): Promise<void> {
    const value = request.required('token');
    const client = await this.clients.authenticated(request, value);
    const token = await this.tokens.find(value);
    if (token?.clientId === client.clientId)
      await this.database.transaction((tx) => this.artefacts.endOfGrant(tx, token.grantId));
  }
}
