import { Injectable } from '@nestjs/common';
import { clientCreated, clientDeleted, clientUpdated, type Actor, type BearerIdentity } from '@strongroom/contracts';
import { KeyRing } from '@strongroom/crypto';
import { InsufficientScopeError, ValidationError } from '@strongroom/http';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { actorOf } from '../actor.js';
import { demandPrivilegedScope, keepPrivilegedAccess, keysAfter } from './privileged-access.js';
import { CONNECT_CLIENT } from '../first-rows/built-in.js';
import { ClientGrantsService } from '../apis/client-grants.service.js';
import { keepCredentials } from './client-credentials.js';
import type { SentMethods } from './client-credentials.schema.js';
import { isSecretOf, newClientSecret, secretColumns } from './client-secret.js';
import { checkSettings, defaultSettings, settingsAfter, type ClientSettings } from './client-settings.js';
import { clientEventData, clientView } from './client-view.js';
import { ClientEntity } from './client.entity.js';
import { READ_ONLY_OF_CLIENT, type CreateClient, type UpdateClient } from './client.schema.js';
import { changedMembers, checkReadOnly, split } from '../members.js';
import { randomId } from '../random-id.js';
import { demandEveryScope } from '../users/administrators.js';
import { BuiltInError, InexistentError } from '../registry.errors.js';
import { ResourceServerEntity } from '../apis/resource-server.entity.js';

/** A client that Strongroom itself brings along. */
export interface OwnClient {
  clientId: string;
  settings: ClientSettings;
  secret: string | null;
}

/** What a client is made with beside its settings. */
interface Beside {
  builtIn: boolean;
  methods?: CreateClient['client_authentication_methods'];
  privileged?: CreateClient['token_vault_privileged_access'];
}

/** Applications registered with us, as the Management API changes them. */
@Injectable()
export class ClientsService {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly keys: KeyRing,
    private readonly artefacts: ArtefactsService,
    private readonly grants: ClientGrantsService,
  ) {}

  /** The answer holds the secret. */
  async create(body: CreateClient, caller: BearerIdentity): Promise<Record<string, unknown>> {
    const settings = settingsAfter(defaultSettings(body), body);
    const { client_authentication_methods: methods, token_vault_privileged_access: privileged } = body;
    demandPrivilegedScope(caller, null, privileged ?? undefined);
    checkSettings(settings, Boolean(methods));
    const secret = usesSecret(settings) ? newClientSecret() : null;
    const clientId = randomId('', 32);
    return this.database.transaction(async (tx) => {
      const client = await this.insert(
        tx,
        { clientId, settings, secret },
        { builtIn: false, methods, privileged },
        actorOf(caller),
      );
      return clientView(client, secret);
    });
  }

  /** In the caller's transaction. */
  async insert(
    tx: EntityManager,
    { clientId, settings, secret }: OwnClient,
    { builtIn, methods, privileged }: Beside,
    actor: Actor,
  ): Promise<ClientEntity> {
    await checkApi(tx, settings);
    if (await tx.existsBy(ResourceServerEntity, { identifier: clientId }))
      throw ValidationError.of('body', 'client_id', 'is the identifier of a resource server');
    const secrets = secretColumns(this.keys, clientId, secret);
    const row = { ...settings, ...secrets, clientId, builtIn, eventVersion: 1 };
    await tx.insert(ClientEntity, row as never);
    const clientAuthenticationMethods = await keepCredentials(tx, clientId, methods);
    const tokenVaultPrivilegedAccess = await keepPrivilegedAccess(tx, clientId, privileged ?? null);
    await tx.update(ClientEntity, { clientId }, { clientAuthenticationMethods, tokenVaultPrivilegedAccess });
    const client = await tx.findOneByOrFail(ClientEntity, { clientId });
    const data = { ...clientEventData(client), actor };
    await this.outbox.add(tx, clientCreated, { id: clientId, sequence: 1, data });
    return client;
  }

  /** Through our own clients somebody gets every scope: changing where they lead is for whoever has them all. */
  async update(clientId: string, body: UpdateClient, caller: BearerIdentity): Promise<Record<string, unknown>> {
    const [readOnly, rest] = split(body, READ_ONLY_OF_CLIENT);
    return this.database.transaction(async (tx) => {
      const client = await this.locked(tx, clientId);
      if (client.builtIn) demandEveryScope(caller);
      const secret = secretToSet(client, body.client_secret, caller);
      demandPrivilegedScope(caller, client.tokenVaultPrivilegedAccess, body.token_vault_privileged_access);
      const before = clientView(client);
      checkReadOnly(readOnly, before);
      const methods = rest.client_authentication_methods as UpdateClient['client_authentication_methods'];
      if (bringsKeys(methods) && !caller.scopes.includes('create:client_credentials'))
        throw new InsufficientScopeError(['create:client_credentials']);
      const settings = settingsAfter(client, rest);
      checkSettings(settings, methods === undefined ? client.clientAuthenticationMethods !== null : methods !== null);
      if (settings.resourceServerIdentifier !== client.resourceServerIdentifier) await checkApi(tx, settings);
      const changes: Partial<ClientEntity> = { ...settings, ...this.secretAfter(client, settings, secret) };
      Object.assign(changes, await keysAfter(tx, client, body));
      const after = { ...client, ...changes };
      const changed = changedMembers(before, clientView(after));
      if (changes.secretHash !== undefined) changed.push('client_secret');
      if (changed.length === 0) return before;
      if (clientId === CONNECT_CLIENT) throw new BuiltInError(`The client ${CONNECT_CLIENT}`);
      await this.save(tx, after, changes, changed, actorOf(caller));
      return clientView(after);
    });
  }

  /** The answer holds the new secret; the old one is refused from the commit on. */
  async rotateSecret(clientId: string, caller: BearerIdentity): Promise<Record<string, unknown>> {
    return this.database.transaction(async (tx) => {
      const client = await this.locked(tx, clientId);
      if (client.builtIn) demandEveryScope(caller);
      if (!usesSecret(client))
        throw ValidationError.of('uri', 'id', 'is a client without secret: it is public, or has keys');
      const secret = newClientSecret();
      const after = await this.setSecret(tx, client, secret, actorOf(caller));
      return clientView(after, secret);
    });
  }

  /** In the caller's transaction, which holds the client's row. */
  async setSecret(tx: EntityManager, client: ClientEntity, secret: string, actor: Actor): Promise<ClientEntity> {
    const changes = secretColumns(this.keys, client.clientId, secret);
    const after = { ...client, ...changes };
    await this.save(tx, after, changes, ['client_secret'], actor);
    return after;
  }

  /** With its grants, keys and whatever it was given. No such client: nothing happens. */
  async delete(clientId: string, caller: BearerIdentity): Promise<void> {
    await this.database.transaction(async (tx) => {
      const client = await tx.findOne(ClientEntity, { where: { clientId }, lock: { mode: 'pessimistic_write' } });
      if (!client) return;
      if (client.builtIn) throw new BuiltInError(`The client ${clientId}`);
      await this.grants.deleteAll(tx, { clientId }, actorOf(caller));
      await this.artefacts.endOfClient(tx, clientId);
      await tx.delete(ClientEntity, { clientId });
      const data = { clientId, status: 'deleted' as const, actor: actorOf(caller) };
      await this.outbox.add(tx, clientDeleted, { id: clientId, sequence: client.eventVersion + 1, data });
    });
  }

  /** Saves settings of a client of our own, if they differ. */
  async keep(tx: EntityManager, clientId: string, settings: Partial<ClientSettings>, actor: Actor): Promise<void> {
    const client = await this.locked(tx, clientId);
    const after = { ...client, ...settings };
    const changed = changedMembers(clientView(client), clientView(after));
    if (changed.length > 0) await this.save(tx, after, settings, changed, actor);
  }

  private async save(
    tx: EntityManager,
    after: ClientEntity,
    changes: Partial<ClientEntity>,
    changed: string[],
    actor: Actor,
  ): Promise<void> {
    const { clientId } = after;
    const eventVersion = after.eventVersion + 1;
    await tx.update(ClientEntity, { clientId }, { ...changes, eventVersion } as never);
    const data = { ...clientEventData(after), changed, actor };
    await this.outbox.add(tx, clientUpdated, { id: clientId, sequence: eventVersion, data });
  }

  /**
   * Only what changes. A client that becomes public, or gets keys, keeps the secret it had, unused: making it
   * confidential again must not lock its application out. One that begins to need a secret gets one.
   */
  private secretAfter(client: ClientEntity, settings: ClientSettings, sent: string | undefined): Partial<ClientEntity> {
    if (!usesSecret(settings)) {
      if (sent !== undefined)
        throw ValidationError.of('body', 'client_secret', 'is not for a client that is public or has keys');
      return {};
    }
    const secret = sent ?? (client.secretHash === null ? newClientSecret() : null);
    return secret === null ? {} : secretColumns(this.keys, client.clientId, secret);
  }

  private async locked(tx: EntityManager, clientId: string): Promise<ClientEntity> {
    const client = await tx.findOne(ClientEntity, { where: { clientId }, lock: { mode: 'pessimistic_write' } });
    if (!client) throw new InexistentError('client');
    return client;
  }
}

const usesSecret = ({ tokenEndpointAuthMethod }: Pick<ClientEntity, 'tokenEndpointAuthMethod'>): boolean =>
  tokenEndpointAuthMethod !== null && tokenEndpointAuthMethod !== 'none';

/** None if it is sent back as it was read. */
function secretToSet(client: ClientEntity, sent: string | undefined, { scopes }: BearerIdentity): string | undefined {
  if (sent === undefined) return undefined;
  const maySet = scopes.includes('update:client_keys');
  // Whoever may neither read nor set it is not told whether it was right.
  if ((maySet || scopes.includes('read:client_keys')) && isSecretOf(client, sent)) return undefined;
  if (!maySet) throw new InsufficientScopeError(['update:client_keys']);
  return sent;
}

/** Whoever brings a key of their own acts as the client from then on. */
const bringsKeys = (methods: SentMethods | null | undefined): boolean =>
  Object.values(methods ?? {}).some(({ credentials }) => credentials.some((one) => !('id' in one)));

async function checkApi(tx: EntityManager, { resourceServerIdentifier: identifier }: ClientSettings): Promise<void> {
  if (identifier !== null && !(await tx.existsBy(ResourceServerEntity, { identifier })))
    throw ValidationError.of('body', 'resource_server_identifier', 'names no resource server');
}
