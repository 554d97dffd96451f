import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { type BearerIdentity, connectionCreated, connectionDeleted, connectionUpdated } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import { Outbox } from '@strongroom/messaging';
import { Catalogue } from '@strongroom/providers';
import { DataSource, type EntityManager } from 'typeorm';
import { applied, changesBetween, checkReadOnly, type Sent } from './connection-changes.js';
import { ConnectionCompletion } from './connection-completion.js';
import { ConnectionClientEntity, ConnectionEntity } from './connection.entity.js';
import { actorOf, told } from './connection-events.js';
import { bumped, clientsOf, lockConnection, replaceClients, replaced } from './connection-rows.js';
import type { ClientStates, CreateConnection, UpdateConnection } from './connection.schema.js';
import { shownConnection } from './connection-view.js';
import { ConnectionConflictError, InexistentConnectionError, refused } from './connections.errors.js';
import { deleteKeeping } from './deleted-connections.js';
import { claimDomains } from './domain-aliases.js';
import { lostProvider, requireOffered } from './provider/governing-provider.js';
import { connectionId } from './random-id.js';

type Shown = Record<string, unknown>;

const ATTEMPTS = 5;

/** The only writer of connections and of their lists of clients. */
@Injectable()
export class ConnectionsService {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly completion: ConnectionCompletion,
    private readonly publicUrl: PublicUrl,
    private readonly catalogue: Catalogue,
  ) {}

  async create(body: CreateConnection, caller: BearerIdentity): Promise<Shown> {
    requireOffered(this.catalogue, body.strategy);
    const sent = applied(blank(body), body);
    if (sent.secret === 'keep' && body.options) throw refused('options.client_secret', 'is the mask, not a secret');
    const row = await this.completion.complete(sent, null, true);
    const clients = [...new Set(body.enabled_clients ?? [])];
    try {
      await this.database.transaction(async (tx) => {
        await tx.insert(ConnectionEntity, { ...row, eventVersion: 1 } as never);
        await claimDomains(tx, this.catalogue, row);
        await replaceClients(tx, row.id, clients);
        const data = told(this.catalogue, row, clients.length, actorOf(caller));
        await this.outbox.add(tx, connectionCreated, { id: row.id, sequence: 1, data });
      });
    } catch (error) {
      throw isUniqueViolation(error) ? new ConnectionConflictError() : error;
    }
    return shownConnection(this.catalogue, row, clients, this.publicUrl);
  }

  /** `options` replaces the whole object; other members are left alone. A change in between is not overwritten. */
  async update(id: string, body: UpdateConnection, caller: BearerIdentity): Promise<Shown> {
    if (body.options === undefined) return this.updateInTurn(id, body, caller);
    // What options mean is asked of the provider, and nobody may hold the row for so long.
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const shown = await this.tried(this.database.manager, id, body, caller);
      if (shown) return shown;
    }
    throw new ConnectionConflictError('The connection is being changed by somebody else. Read it and try again.');
  }

  /** False: it was gone already. */
  async delete(id: string, caller: BearerIdentity): Promise<boolean> {
    return this.database.transaction(async (tx) => {
      const deleted = await deleteKeeping(tx, id);
      if (!deleted) {
        if (await tx.existsBy(ConnectionEntity, { id }))
          throw new ConnectionConflictError('This connection is built in. Switch it off with authentication instead.');
        return false;
      }
      const data = { connectionId: id, actor: actorOf(caller) };
      await this.outbox.add(tx, connectionDeleted, { id, sequence: deleted.eventVersion + 1, data });
      return true;
    });
  }

  async changeClients(id: string, states: ClientStates, caller: BearerIdentity): Promise<void> {
    await this.database.transaction(async (tx) => {
      const row = await bumped(tx, id);
      const last = new Map(states.map(({ client_id, status }) => [client_id, status]));
      const named = (status: boolean) => [...last].filter(([, one]) => one === status).map(([client]) => client);
      await tx.query(
        `INSERT INTO connection_clients (connection_id, client_id) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING`,
        [id, named(true)],
      );
      await tx.query(`DELETE FROM connection_clients WHERE connection_id = $1 AND client_id = ANY ($2)`, [
        id,
        named(false),
      ]);
      const count = await tx.countBy(ConnectionClientEntity, { connectionId: id });
      const data = { ...told(this.catalogue, row, count, actorOf(caller)), changed: ['enabled_clients'] };
      await this.outbox.add(tx, connectionUpdated, { id, sequence: row.eventVersion, data });
    });
  }

  /** In the transaction of the event that a client is gone: it leaves every list, and each list says so. */
  async dropClient(tx: EntityManager, clientId: string): Promise<void> {
    const listed = await tx.find(ConnectionClientEntity, { where: { clientId }, order: { connectionId: 'ASC' } });
    for (const { connectionId: id } of listed) {
      const row = await bumped(tx, id);
      await tx.delete(ConnectionClientEntity, { connectionId: id, clientId });
      const count = await tx.countBy(ConnectionClientEntity, { connectionId: id });
      const data = { ...told(this.catalogue, row, count, { kind: 'system' }), changed: ['enabled_clients'] };
      await this.outbox.add(tx, connectionUpdated, { id, sequence: row.eventVersion, data });
    }
  }

  /** Changes that ask nobody outside wait for each other: no caller is refused for what others do at the same time. */
  private updateInTurn(id: string, body: UpdateConnection, caller: BearerIdentity): Promise<Shown> {
    return this.database.transaction(async (tx) => {
      await lockConnection(tx, id);
      const shown = await this.tried(tx, id, body, caller);
      if (!shown) throw new Error('a locked connection was changed');
      return shown;
    });
  }

  /** Null: it was changed since it was read; nothing is written. */
  private async tried(
    manager: EntityManager,
    id: string,
    body: UpdateConnection,
    caller: BearerIdentity,
  ): Promise<Shown | null> {
    const before = await manager.findOneBy(ConnectionEntity, { id });
    if (!before) throw new InexistentConnectionError();
    const clients = await clientsOf(manager, id);
    const shown = shownConnection(this.catalogue, before, clients, this.publicUrl);
    checkReadOnly(body, shown);
    const sent = applied(before, withoutDefaults(body, before, shown));
    const after = await this.completion.complete(sent, before, this.hasNewOptions(body, before, sent));
    const wanted = body.enabled_clients ? [...new Set(body.enabled_clients)].sort() : clients;
    const written = await manager.transaction((tx) => this.write(tx, before, after, { clients, wanted, caller }));
    return written ? shownConnection(this.catalogue, after, wanted, this.publicUrl) : null;
  }

  /**
   * Without its entry nothing says what options mean and where they would send the secret once the entry is back.
   *
   * @throws ValidationError
   */
  private hasNewOptions(body: UpdateConnection, before: ConnectionEntity, { row, secret }: Sent): boolean {
    if (body.options === undefined) return false;
    if (!lostProvider(this.catalogue, before)) return true;
    const isSame =
      secret === (before.secretBox === null ? null : 'keep') && isDeepStrictEqual(row.options, before.options);
    const lost = lostProvider(this.catalogue, row);
    if (lost && !isSame) throw refused('options', `cannot be changed: ${lost}`);
    return !isSame;
  }

  /** False: the row was changed since it was read; nothing is written. */
  private async write(
    tx: EntityManager,
    before: ConnectionEntity,
    after: ConnectionEntity,
    { clients, wanted, caller }: { clients: string[]; wanted: string[]; caller: BearerIdentity },
  ): Promise<boolean> {
    const listChanged = clients.join(' ') !== wanted.join(' ');
    const changed = [...changesBetween(this.catalogue, before, after), ...(listChanged ? ['enabled_clients'] : [])];
    if (changed.length === 0) return true;
    after.eventVersion = before.eventVersion + 1;
    if (!(await replaced(tx, before, after))) return false;
    // Its domains wait for the entry to come back.
    if (!lostProvider(this.catalogue, after)) await claimDomains(tx, this.catalogue, after);
    if (listChanged) await replaceClients(tx, before.id, wanted);
    const data = { ...told(this.catalogue, after, wanted.length, actorOf(caller)), changed };
    await this.outbox.add(tx, connectionUpdated, { id: after.id, sequence: after.eventVersion, data });
    return true;
  }
}

const blank = ({ name, strategy }: CreateConnection): ConnectionEntity => ({
  id: connectionId(),
  name,
  strategy,
  displayName: null,
  options: {},
  secretBox: null,
  providerMetadata: null,
  metadataCheckedAt: null,
  metadataFailingSince: null,
  metadataRefused: null,
  loginActive: true,
  vaultActive: false,
  allowMissingUserId: false,
  isDomainConnection: false,
  showAsButton: null,
  metadata: null,
  stored: {},
  builtIn: false,
  eventVersion: 1,
});

/** What was shown without being set stays unset when it is written back. */
function withoutDefaults(body: UpdateConnection, before: ConnectionEntity, shown: Shown): UpdateConnection {
  if (before.showAsButton !== null || body.show_as_button !== shown['show_as_button']) return body;
  const { show_as_button: _, ...rest } = body;
  return rest;
}

const isUniqueViolation = (error: unknown): boolean =>
  (error as { driverError?: { code?: unknown } } | null)?.driverError?.code === '23505';
