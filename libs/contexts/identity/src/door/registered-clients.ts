import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';
import { ClientAuthentication } from './client-authentication.js';
import type { ClientFacts } from './client-facts.js';
import { sha256 } from '../hash.js';
import type { TokenRequest } from './token-request.js';

/** Who calls the token, revocation or PAR endpoint. */
@Injectable()
export class RegisteredClients {
  constructor(
    private readonly database: DataSource,
    private readonly authentication: ClientAuthentication,
  ) {}

  /** @throws InvalidClientError. Without a name the client is the one that `refreshToken` was issued to. */
  async authenticated(request: TokenRequest, refreshToken?: string): Promise<ClientFacts> {
    const clientId = request.client.clientId ?? (refreshToken && (await this.holder(refreshToken)));
    const client = clientId && (await this.database.getRepository(ClientEntity).findOneBy({ clientId }));
    return this.authentication.authenticate(request.client, client ? [client] : []);
  }

  private async holder(refreshToken: string): Promise<string | undefined> {
    const rows: { client_id: string }[] = await this.database.query(
      `select client_id from artefacts where kind = 'RefreshToken' and id_hash = $1`,
      [sha256(refreshToken)],
    );
    return rows[0]?.client_id;
  }
}
