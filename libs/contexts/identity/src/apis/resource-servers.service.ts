import { Injectable } from '@nestjs/common';
import {
  resourceServerCreated,
  resourceServerDeleted,
  resourceServerUpdated,
  type Actor,
  type BearerIdentity,
} from '@strongroom/contracts';
import { listAnswer, PublicUrl, ValidationError, type ListQuery } from '@strongroom/http';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { actorOf } from '../actor.js';
import { MANAGEMENT_API, MY_ACCOUNT_API } from '../first-rows/built-in.js';
import { ClientGrantsService } from './client-grants.service.js';
import { ClientEntity } from '../clients/client.entity.js';
import { listOf } from '../listing.js';
import { OWN_PAGE_SCOPES } from '../first-rows/management-scopes.js';
import { myAccountApi } from '../first-rows/own-settings.js';
import { checkReadOnly, split } from '../members.js';
import { randomId } from '../random-id.js';
import { BuiltInError, InexistentError, ResourceServerConflictError } from '../registry.errors.js';
import {
  apiAfter,
  apiChanges,
  apiEventData,
  defaultApi,
  resourceServerView,
  type ApiSettings,
} from './resource-server-view.js';
import { ResourceServerEntity } from './resource-server.entity.js';
import {
  MOST_SCOPES,
  READ_ONLY_OF_API,
  type CreateResourceServer,
  type UpdateResourceServer,
} from './resource-server.schema.js';
import { ConsentEntity } from '../sign-in/consent.entity.js';
import { TenantSettingsEntity } from '../tenant/tenant-settings.entity.js';
import { isUniqueViolation } from '../unique-violation.js';

/** APIs that tokens are made for. */
@Injectable()
export class ResourceServersService {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly grants: ClientGrantsService,
    private readonly publicUrl: PublicUrl,
  ) {}

  list(query: ListQuery): Promise<unknown> {
    const rows = this.database.getRepository(ResourceServerEntity).createQueryBuilder('api').where('true');
    return listAnswer(
      'resource_servers',
      query,
      listOf(rows, 'api.id', ({ id }) => id),
      resourceServerView,
    );
  }

  async get(idOrIdentifier: string): Promise<Record<string, unknown>> {
    const api = await find(this.database.manager, idOrIdentifier);
    if (!api) throw new InexistentError('resource_server');
    return resourceServerView(api);
  }

  /** The first body with the identifier of our own My Account API adopts that one. */
  create(body: CreateResourceServer, caller: BearerIdentity): Promise<Record<string, unknown>> {
    const { identifier, ...rest } = body;
    return this.database.transaction(async (tx) => {
      const adopted = await this.adopt(tx, identifier, rest, actorOf(caller));
      if (adopted) return adopted;
      if (await tx.existsBy(ClientEntity, { clientId: identifier }))
        throw ValidationError.of('body', 'identifier', 'is the id of a client');
      const before = this.defaults(identifier);
      const settings = withOwnPage(before, apiAfter(before, rest));
      const api = { ...settings, id: randomId('', 24), identifier, builtIn: false };
      return this.insert(tx, api, actorOf(caller));
    });
  }

  /** In the caller's transaction. */
  async insert(
    tx: EntityManager,
    row: ApiSettings & Pick<ResourceServerEntity, 'id' | 'identifier' | 'builtIn'>,
    actor: Actor,
  ): Promise<Record<string, unknown>> {
    const api = tx.create(ResourceServerEntity, { ...row, adopted: false, eventVersion: 1 });
    await tx.insert(ResourceServerEntity, api as never).catch((error: unknown) => {
      throw isUniqueViolation(error) ? new ResourceServerConflictError() : error;
    });
    const data = { ...apiEventData(api), actor };
    await this.outbox.add(tx, resourceServerCreated, { id: api.id, sequence: 1, data });
    return resourceServerView(api);
  }

  async update(
    idOrIdentifier: string,
    body: UpdateResourceServer,
    caller: BearerIdentity,
  ): Promise<Record<string, unknown>> {
    const [readOnly, rest] = split(body, READ_ONLY_OF_API);
    return this.database.transaction(async (tx) => {
      const api = await find(tx, idOrIdentifier, 'pessimistic_write');
      if (!api) throw new InexistentError('resource_server');
      checkReadOnly(readOnly, resourceServerView(api));
      const after = apiAfter(api, rest);
      if (api.id === MANAGEMENT_API && apiChanges(api, { ...api, ...after }).length > 0)
        throw new BuiltInError('The Management API');
      return this.save(tx, api, after, actorOf(caller));
    });
  }

  /** In the caller's transaction, which holds the API's row. */
  async save(
    tx: EntityManager,
    api: ResourceServerEntity,
    changes: Partial<ResourceServerEntity>,
    actor: Actor,
  ): Promise<Record<string, unknown>> {
    const after = { ...api, ...changes, eventVersion: api.eventVersion + 1 };
    const changed = apiChanges(api, after);
    if (changed.length === 0 && after.adopted === api.adopted) return resourceServerView(api);
    await tx.update(ResourceServerEntity, { id: api.id }, { ...changes, eventVersion: after.eventVersion } as never);
    const data = { ...apiEventData(after), changed, actor };
    await this.outbox.add(tx, resourceServerUpdated, { id: api.id, sequence: after.eventVersion, data });
    return resourceServerView(after);
  }

  /** With every grant for it, and what people allowed of it. No such API: nothing happens. */
  async delete(idOrIdentifier: string, caller: BearerIdentity): Promise<void> {
    await this.database.transaction(async (tx) => {
      const api = await find(tx, idOrIdentifier, 'pessimistic_write');
      if (!api) return;
      if (api.id === MANAGEMENT_API) throw new BuiltInError('The Management API');
      await this.grants.deleteAll(tx, { audience: api.identifier }, actorOf(caller));
      await tx.delete(ConsentEntity, { audience: api.identifier });
      await tx.update(TenantSettingsEntity, { defaultAudience: api.identifier }, { defaultAudience: '' });
      await tx.delete(ResourceServerEntity, { id: api.id });
      const data = { resourceServerId: api.id, actor: actorOf(caller) };
      await this.outbox.add(tx, resourceServerDeleted, { id: api.id, sequence: api.eventVersion + 1, data });
    });
  }

  /** Under the row's lock, so that of two bodies one adopts. */
  private async adopt(
    tx: EntityManager,
    identifier: string,
    body: Omit<CreateResourceServer, 'identifier'>,
    actor: Actor,
  ): Promise<Record<string, unknown> | null> {
    const api = await tx.findOne(ResourceServerEntity, {
      where: { id: MY_ACCOUNT_API, identifier },
      lock: { mode: 'pessimistic_write' },
    });
    if (!api) return null;
    if (api.adopted) throw new ResourceServerConflictError();
    return this.save(tx, api, { ...withOwnPage(api, apiAfter(api, body)), adopted: true }, actor);
  }

  /** Whoever deleted our My Account API and makes it again does not open it to every client by that. */
  private defaults(identifier: string): ApiSettings {
    return identifier === this.publicUrl.myAccountAudience ? myAccountApi(this.publicUrl) : defaultApi(identifier);
  }
}

/** The scopes of a person's own page stay, whatever list a body brings. @throws ValidationError if there are too many */
function withOwnPage(before: ApiSettings, after: ApiSettings): ApiSettings {
  const named = new Set(after.scopes.map(({ value }) => value));
  const kept = before.scopes.filter(({ value }) => OWN_PAGE_SCOPES.includes(value) && !named.has(value));
  const scopes = [...after.scopes, ...kept];
  if (scopes.length > MOST_SCOPES)
    throw ValidationError.of(
      'body',
      'scopes',
      `must not be more than ${MOST_SCOPES} with those of a person’s own page`,
    );
  return { ...after, scopes };
}

/** By id, else by identifier. */
const find = async (
  tx: EntityManager,
  idOrIdentifier: string,
  mode?: 'pessimistic_write',
): Promise<ResourceServerEntity | null> => {
  const lock = mode ? { lock: { mode } } : {};
  return (
    (await tx.findOne(ResourceServerEntity, { where: { id: idOrIdentifier }, ...lock })) ??
    tx.findOne(ResourceServerEntity, { where: { identifier: idOrIdentifier }, ...lock })
  );
};
