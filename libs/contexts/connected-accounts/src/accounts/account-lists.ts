import { Injectable } from '@nestjs/common';
import { ConnectionDirectory, type ConnectionView, People } from '@strongroom/contracts';
import { Catalogue, configuredScopes } from '@strongroom/providers';
import { UserNotFoundError } from '../connected-accounts.errors.js';
import { AccountsService } from './accounts.service.js';
import type { ConnectedAccountEntity } from './connected-account.entity.js';
import { listCursor, notACursor, openListCursor } from './list-cursor.js';

export interface PageWanted {
  take: number;
  from: string | undefined;
}

/** Pages of accounts and of connections, each with a cursor that fits no other list. */
@Injectable()
export class AccountLists {
  constructor(
    private readonly service: AccountsService,
    private readonly people: People,
    private readonly directory: ConnectionDirectory,
    private readonly catalogue: Catalogue,
  ) {}

  async accounts(
    personId: string,
    connections: readonly string[],
    { take, from }: PageWanted,
  ): Promise<{ accounts: ConnectedAccountEntity[]; next: string | undefined }> {
    const list = ['accounts', personId, ...[...new Set(connections)].sort()];
    const after = from === undefined ? null : openListCursor(from, list);
    const found = await this.service.list({ personId, connections, after }, take + 1);
    if (!found) throw notACursor();
    const accounts = found.slice(0, take);
    return { accounts, next: found.length > take ? listCursor(accounts.at(-1)!.id, list) : undefined };
  }

  /** Those whose vault is on and that the client may use, by name. */
  async connections(clientId: string, { take, from }: PageWanted) {
    const list = ['connections', clientId];
    const after = from === undefined ? '' : openListCursor(from, list);
    const found = (await this.directory.ofClient(clientId))
      .filter(({ vaultActive, enabledForClient, name }) => vaultActive && enabledForClient && name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const connections = found.slice(0, take);
    return {
      connections: connections.map((connection) => shownConnection(this.catalogue, connection)),
      next: found.length > take ? listCursor(connections.at(-1)!.name, list) : undefined,
    };
  }

  /** A public id is resolved here, at the edge, and is no key further in. */
  async personOf(userId: string): Promise<string> {
    const person = await this.people.byUserId(userId);
    if (!person) throw new UserNotFoundError();
    return person.personId;
  }
}

const shownConnection = (catalogue: Catalogue, connection: ConnectionView) => {
  const scopes = scopesOf(catalogue, connection);
  return { name: connection.name, strategy: connection.strategy, ...(scopes.length > 0 ? { scopes } : {}) };
};

/** One connection that is misconfigured must not hide the others. */
function scopesOf(catalogue: Catalogue, connection: ConnectionView): string[] {
  try {
    return configuredScopes(catalogue.entryOf(connection), connection.options);
  } catch {
    return [];
  }
}
