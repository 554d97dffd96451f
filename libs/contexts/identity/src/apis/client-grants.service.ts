import { Injectable } from '@nestjs/common';
import {
  clientGrantCreated,
  clientGrantDeleted,
  clientGrantUpdated,
  type Actor,
  type BearerIdentity,
} from '@strongroom/contracts';
import { listAnswer, type ListQuery } from '@strongroom/http';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { actorOf } from '../actor.js';
import {
  READ_ONLY_OF_GRANT,
  STORED_OF_GRANT,
  type CreateClientGrant,
  type UpdateClientGrant,
} from './client-grant.schema.js';
import { ClientEntity } from '../clients/client.entity.js';
import { listOf } from '../listing.js';
import { changedMembers, checkReadOnly, merged, split } from '../members.js';
import { randomId } from '../random-id.js';
import { ClientGrantConflictError, InexistentError } from '../registry.errors.js';
import { ClientGrantEntity, ResourceServerEntity } from './resource-server.entity.js';
import { isUniqueViolation } from '../unique-violation.js';

export interface ClientGrantsQuery extends ListQuery {
  audience?: string | undefined;
  client_id?: string | undefined;
  subject_type?: 'client' | 'user' | undefined;
}

/** What a client may ask for at an API: by itself (`client`) or for a person (`user`); one never counts as the other. */
@Injectable()
export class ClientGrantsService {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
  ) {}

  list(query: ClientGrantsQuery): Promise<unknown> {
    const rows = this.database.getRepository(ClientGrantEntity).createQueryBuilder('grant').where('true');
    for (const [member, column] of Object.entries(FILTERS))
      if (query[member as keyof typeof FILTERS] !== undefined)
        rows.andWhere(`grant.${column} = :${member}`, { [member]: query[member as keyof typeof FILTERS] });
    return listAnswer(
      'client_grants',
      query,
      listOf(rows, 'grant.id', ({ id }) => id),
      grantView,
    );
  }

  async get(id: string): Promise<Record<string, unknown>> {
    const grant = await this.database.getRepository(ClientGrantEntity).findOneBy({ id });
    if (!grant) throw new InexistentError('client_grant');
    return grantView(grant);
  }

  create(body: CreateClientGrant, caller: BearerIdentity): Promise<Record<string, unknown>> {
    return this.database.transaction((tx) => this.insert(tx, body, { builtIn: false }, actorOf(caller)));
  }

  /** In the caller's transaction. */
  async insert(
    tx: EntityManager,
    body: CreateClientGrant,
    { builtIn }: { builtIn: boolean },
    actor: Actor,
  ): Promise<Record<string, unknown>> {
    // Locked against deletion, which takes the grants away with the client or the API.
    const lock = { mode: 'pessimistic_read' } as const;
    const { client_id: clientId, audience } = body;
    if (!(await tx.findOne(ResourceServerEntity, { where: { identifier: audience }, lock })))
      throw new InexistentError('resource_server');
    if (!(await tx.findOne(ClientEntity, { where: { clientId }, lock }))) throw new InexistentError('client');
    const grant = tx.create(ClientGrantEntity, {
      ...{ id: randomId('cgr_'), clientId, audience, subjectType: body.subject_type, scope: body.scope ?? [] },
      ...{ allowAllScopes: body.allow_all_scopes ?? false, builtIn, eventVersion: 1 },
      stored: merged({}, split(body, STORED_OF_GRANT)[0]),
    });
    await tx.insert(ClientGrantEntity, grant as never).catch((error: unknown) => {
      throw isUniqueViolation(error) ? new ClientGrantConflictError() : error;
    });
    const data = { ...grantEventData(grant), actor };
    await this.outbox.add(tx, clientGrantCreated, { id: grant.id, sequence: 1, data });
    return grantView(grant);
  }

  update(id: string, body: UpdateClientGrant, caller: BearerIdentity): Promise<Record<string, unknown>> {
    return this.database.transaction(async (tx) => {
      const grant = await tx.findOne(ClientGrantEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!grant) throw new InexistentError('client_grant');
      const [readOnly, rest] = split(body, READ_ONLY_OF_GRANT);
      checkReadOnly(readOnly, grantView(grant));
      return this.save(tx, grant, rest, actorOf(caller));
    });
  }

  /** In the caller's transaction, which holds the grant's row. */
  async save(
    tx: EntityManager,
    grant: ClientGrantEntity,
    body: Pick<UpdateClientGrant, 'scope' | 'allow_all_scopes'>,
    actor: Actor,
  ): Promise<Record<string, unknown>> {
    const after = {
      ...grant,
      scope: body.scope ?? grant.scope,
      allowAllScopes: body.allow_all_scopes ?? grant.allowAllScopes,
      stored: merged(grant.stored, split(body as Record<string, unknown>, STORED_OF_GRANT)[0]),
    };
    const changed = changedMembers(grantView(grant), grantView(after));
    if (changed.length === 0) return grantView(grant);
    const { scope, allowAllScopes, stored } = after;
    const eventVersion = grant.eventVersion + 1;
    await tx.update(ClientGrantEntity, { id: grant.id }, { scope, allowAllScopes, stored, eventVersion } as never);
    const data = { ...grantEventData(after), changed, actor };
    await this.outbox.add(tx, clientGrantUpdated, { id: grant.id, sequence: eventVersion, data });
    return grantView(after);
  }

  async delete(id: string, caller: BearerIdentity): Promise<void> {
    await this.database.transaction((tx) => this.deleteAll(tx, { id }, actorOf(caller)));
  }

  /** Those that fit, in the caller's transaction. */
  async deleteAll(
    tx: EntityManager,
    which: { id: string } | { clientId: string } | { audience: string },
    actor: Actor,
  ): Promise<void> {
    const rows = await tx.find(ClientGrantEntity, { where: which, lock: { mode: 'pessimistic_write' } });
    await tx.delete(ClientGrantEntity, which);
    await this.outbox.addAll(
      tx,
      rows.map(({ id, eventVersion }) => ({
        ...{ contract: clientGrantDeleted, id, sequence: eventVersion + 1 },
        data: { grantId: id, actor },
      })),
    );
  }
}

const FILTERS = { audience: 'audience', client_id: 'clientId', subject_type: 'subjectType' } as const;

const grantView = (grant: ClientGrantEntity): Record<string, unknown> => ({
  ...grant.stored,
  id: grant.id,
  client_id: grant.clientId,
  audience: grant.audience,
  scope: grant.scope,
  subject_type: grant.subjectType,
  allow_all_scopes: grant.allowAllScopes,
});

const grantEventData = ({ id, clientId, audience, scope, subjectType }: ClientGrantEntity) => ({
  grantId: id,
  clientId,
  audience,
  scopes: scope,
  subjectType,
});
