import { Injectable } from '@nestjs/common';
import { Clients, People, type ClientSetup, type ClientView, type PersonView } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { DataSource } from 'typeorm';
import { clientSetup } from './clients/client-setup.js';
import { ClientEntity } from './clients/client.entity.js';
import { UserEntity } from './users/user.entity.js';

/** What other contexts may know of a client. */
@Injectable()
export class ClientDirectory extends Clients {
  constructor(
    private readonly database: DataSource,
    private readonly publicUrl: PublicUrl,
  ) {
    super();
  }

  override setup(clientId: string): Promise<ClientSetup | null> {
    return clientSetup(this.database, clientId, this.publicUrl.myAccountAudience);
  }

  override async get(clientId: string): Promise<ClientView | null> {
    const client = await this.database.getRepository(ClientEntity).findOneBy({ clientId });
    if (!client) return null;
    const { name, appType, isFirstParty: firstParty, callbacks } = client;
    return { clientId, name, appType, firstParty, callbacks };
  }

  override async isWebOrigin(origin: string, clientId: string | null): Promise<boolean> {
    const rows = await this.database.query<unknown[]>(
      `select from clients where web_origins ? $1 and ($2::text is null or client_id = $2) limit 1`,
      [origin, clientId],
    );
    return rows.length > 0;
  }
}

/** What other contexts may know of a person. */
@Injectable()
export class PeopleDirectory extends People {
  constructor(private readonly database: DataSource) {
    super();
  }

  override get(personId: string): Promise<PersonView | null> {
    return this.find({ personId });
  }

  override byUserId(userId: string): Promise<PersonView | null> {
    return this.find({ userId });
  }

  private async find(by: { personId: string } | { userId: string }): Promise<PersonView | null> {
    const user = await this.database.getRepository(UserEntity).findOneBy(by);
    if (!user) return null;
    const { personId, userId, name, nickname, email, username, blocked } = user;
    return { personId, userId, displayName: name ?? nickname ?? email ?? username ?? userId, blocked };
  }
}
