import { Injectable } from '@nestjs/common';
import { type BearerIdentity, clientUpdated } from '@strongroom/contracts';
import { ValidationError } from '@strongroom/http';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { actorOf } from '../actor.js';
import { InexistentError } from '../registry.errors.js';
import { credentialRow, insertCredential } from './client-credentials.js';
import type { ChangedCredential, SentCredential, ShownCredential } from './client-credentials.schema.js';
import { clientEventData } from './client-view.js';
import { ClientCredentialEntity, ClientEntity } from './client.entity.js';

const MOST = 20;

/**
 * Keys and certificates of a client. One that is made here proves nothing until the client's own settings name it; one
 * that is deleted proves nothing from then on, and a client whose last it was can prove itself by nothing.
 */
@Injectable()
export class ClientCredentialsService {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
  ) {}

  async list(clientId: string): Promise<ShownCredential[]> {
    const { manager } = this.database;
    if (!(await manager.existsBy(ClientEntity, { clientId }))) throw new InexistentError('client');
    const rows = await manager.find(ClientCredentialEntity, {
      where: { clientId },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
    return rows.map(shown);
  }

  async get(clientId: string, id: string): Promise<ShownCredential> {
    return shown(await one(this.database.manager, clientId, id));
  }

  async create(clientId: string, sent: SentCredential, caller: BearerIdentity): Promise<ShownCredential> {
    return this.change(clientId, caller, async (tx) => {
      if ((await tx.countBy(ClientCredentialEntity, { clientId })) >= MOST)
        throw ValidationError.of(
          'body',
          'credential_type',
          `is one too many: a client has at most ${MOST} credentials`,
        );
      const row = credentialRow(clientId, sent, 'pem');
      await insertCredential(tx, row);
      return shown(await one(tx, clientId, row.id));
    });
  }

  async update(
    clientId: string,
    id: string,
    { expires_at }: ChangedCredential,
    caller: BearerIdentity,
  ): Promise<ShownCredential> {
    if (expires_at === undefined) return this.get(clientId, id);
    return this.change(clientId, caller, async (tx) => {
      const row = await one(tx, clientId, id);
      if (row.type !== 'public_key')
        throw ValidationError.of('body', 'expires_at', 'is for a public key: a certificate says its own end');
      const expiresAt = expires_at === null ? null : new Date(expires_at);
      await tx.update(ClientCredentialEntity, { clientId, id }, { expiresAt });
      return shown(await one(tx, clientId, id));
    });
  }

  /** Nothing happens if there is none. */
  async delete(clientId: string, id: string, caller: BearerIdentity): Promise<void> {
    const { manager } = this.database;
    if (!(await manager.existsBy(ClientCredentialEntity, { clientId, id }))) return;
    await this.change(clientId, caller, async (tx) => {
      await tx.delete(ClientCredentialEntity, { clientId, id });
    });
  }

  /** The client's row is held meanwhile, so that what names credentials does not change beside this. */
  private async change<Result>(
    clientId: string,
    caller: BearerIdentity,
    work: (tx: EntityManager) => Promise<Result>,
  ): Promise<Result> {
    return this.database.transaction(async (tx) => {
      const client = await tx.findOne(ClientEntity, { where: { clientId }, lock: { mode: 'pessimistic_write' } });
      if (!client) throw new InexistentError('client');
      const result = await work(tx);
      const { after, changed } = await withoutGone(tx, client);
      await tx.update(ClientEntity, { clientId }, after);
      const data = { ...clientEventData(client), changed: ['credentials', ...changed], actor: actorOf(caller) };
      await this.outbox.add(tx, clientUpdated, { id: clientId, sequence: after.eventVersion, data });
      return result;
    });
  }
}

/** The client's settings without ids that lead nowhere. */
async function withoutGone(tx: EntityManager, client: ClientEntity) {
  const ids = new Set((await tx.findBy(ClientCredentialEntity, { clientId: client.clientId })).map(({ id }) => id));
  const there = <Member extends { credentials: { id: string }[] }>(member: Member): Member => ({
    ...member,
    credentials: member.credentials.filter(({ id }) => ids.has(id)),
  });
  const { clientAuthenticationMethods: methods, tokenVaultPrivilegedAccess: access } = client;
  const after = {
    clientAuthenticationMethods:
      methods && Object.fromEntries(Object.entries(methods).map(([method, member]) => [method, there(member)])),
    tokenVaultPrivilegedAccess: access && there(access),
    eventVersion: client.eventVersion + 1,
  };
  const differs = (before: unknown, now: unknown) => JSON.stringify(before) !== JSON.stringify(now);
  const changed = [
    ...(differs(methods, after.clientAuthenticationMethods) ? ['client_authentication_methods'] : []),
    ...(differs(access, after.tokenVaultPrivilegedAccess) ? ['token_vault_privileged_access'] : []),
  ];
  return { after, changed };
}

async function one(tx: EntityManager, clientId: string, id: string): Promise<ClientCredentialEntity> {
  const row = await tx.findOneBy(ClientCredentialEntity, { clientId, id });
  if (row) return row;
  throw new InexistentError((await tx.existsBy(ClientEntity, { clientId })) ? 'credential' : 'client');
}

const shown = (row: ClientCredentialEntity): ShownCredential => ({
  id: row.id,
  credential_type: row.type,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
  ...(row.name === null ? {} : { name: row.name }),
  ...(row.kid === null ? {} : { kid: row.kid }),
  ...(row.alg === null ? {} : { alg: row.alg }),
  ...(row.subjectDn === null ? {} : { subject_dn: row.subjectDn }),
  ...(row.thumbprint === null ? {} : { thumbprint_sha256: row.thumbprint }),
  ...(row.expiresAt === null ? {} : { expires_at: row.expiresAt.toISOString() }),
});
