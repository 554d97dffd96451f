import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { type RevocationView, tokensetRevoked } from '@strongroom/contracts';
import { UnreadableRecord } from '@strongroom/crypto';
import { VaultError } from '@strongroom/errors';
import { Outbox } from '@strongroom/messaging';
import { revocableTokens } from '@strongroom/providers';
import { DataSource, type EntityManager } from 'typeorm';
import { Connections } from '../connections.js';
import { Custody, type KeyRow } from '../custody/custody.js';
import type { KnownConnection } from '../known-connection.js';
import type { ProviderAccount, Redeem } from '../redeem/redeem.types.js';
import type { TokensetState } from '../tokenset-state.js';
import { RevocationSeal } from './revocation-seal.js';
import { insertRevocations, type NewRevocation } from './revocation-store.js';
import type { RevocableTokens, RevokingConnections } from './revocation.types.js';
import { toldOf } from './told-revocation.js';

/** What a deletion returns of each tokenset, beside its state. */
export const LEAVING_COLUMNS = `token_origin AS "tokenOrigin", provider_issuer AS "providerIssuer",
  provider_tenant AS "providerTenant", provider_subject AS "providerSubject", provider_params AS "providerParams",
  access_sealed AS "accessSealed", refresh_sealed AS "refreshSealed", key_id AS "keyId"`;

export interface LeavingTokenset extends TokensetState {
  tokenOrigin: string;
  providerIssuer: string;
  providerTenant: string;
  providerSubject: string;
  providerParams: Record<string, string>;
  accessSealed: Buffer | null;
  refreshSealed: Buffer | null;
  keyId: string;
}

type Plan = Pick<NewRevocation, 'sealed' | 'outcome' | 'code' | 'manage_url'>;

const MOST_LISTED = 200;

/** Tokens that leave the vault for their provider's revocation endpoint, where the connection revokes on delete. */
@Injectable()
export class Revocations {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly connections: Connections,
    private readonly custody: Custody,
    private readonly seal: RevocationSeal,
  ) {}

  /** Those of them that revoke on delete, or did when they were deleted themselves. */
  async revoking(connectionIds: readonly string[]): Promise<RevokingConnections> {
    const known = await Promise.all(connectionIds.map((id) => this.connections.nowOrDeleted(id)));
    const revoking = known.filter((one) => one?.view.options['revoke_on_delete'] === true);
    return new Map(revoking.map((one) => [one!.view.connectionId, one!]));
  }

  /**
   * Moves what the entries want presented into records of their own, before the tokensets' keys are shredded in the same
   * transaction. Where there is nothing to send, that is the outcome, and it is said at once; `say` does so after the
   * deletion has been said.
   */
  async take(
    tx: EntityManager,
    rows: readonly LeavingTokenset[],
    revoking: RevokingConnections,
  ): Promise<{ say: () => Promise<void> }> {
    const leaving = rows.filter(({ connectionId }) => revoking.has(connectionId));
    if (leaving.length === 0) return { say: () => Promise.resolve() };
    const keys = await wrappedKeys(tx, leaving);
    const records = leaving.map((row) =>
      this.recordOf(row, keys.get(row.keyId) ?? null, revoking.get(row.connectionId)!),
    );
    for (let i = 0; i < records.length; i += AT_ONCE) await insertRevocations(tx, records.slice(i, i + AT_ONCE));
    const settled = records.flatMap((record, i) => (record.outcome === null ? [] : [eventOf(record, leaving[i]!)]));
    return {
      say: async () => {
        for (let i = 0; i < settled.length; i += AT_ONCE) await this.outbox.addAll(tx, settled.slice(i, i + AT_ONCE));
      },
    };
  }

  /**
   * Tokens of a code that leads to no tokenset of this person, because the account is not the one it should be. If it is
   * somebody's here, its revocation finds that out and leaves it alone.
   */
  async takeErased({ request, connection, provider }: Redeem, tokens: RevocableTokens, account: ProviderAccount) {
    if (connection.view.options['revoke_on_delete'] !== true) return;
    const has = { accessToken: tokens.accessToken !== null, refreshToken: tokens.refreshToken !== null };
    const wanted = revocableTokens(account.provider, has);
    if (!wanted) return;
    const id = randomUUID();
    const { connectionId, personId } = request;
    const { tokenOrigin } = provider;
    const record: NewRevocation = {
      id,
      tokenset_id: null,
      person_id: personId,
      account_id: null,
      connection_id: connectionId,
      connection_name: connection.view.name,
      token_origin: tokenOrigin,
      provider_issuer: account.issuer,
      provider_tenant: account.tenant,
      provider_subject: account.subject,
      provider_params: { ...account.params },
      has_refresh_token: has.refreshToken,
      sealed: this.seal.seal(
        { recordId: id, connectionId, tokenOrigin },
        {
          accessToken: wanted.accessToken ? tokens.accessToken : null,
          refreshToken: wanted.refreshToken ? tokens.refreshToken : null,
        },
      ),
      outcome: null,
      code: null,
      manage_url: account.provider.manageUrl,
      event_version: 0,
    };
    await insertRevocations(this.database.manager, [record]);
  }

  /** Newest first. */
  ofPerson(personId: string): Promise<RevocationView[]> {
    return this.database.query<RevocationView[]>(
      `SELECT tokenset_id AS "tokensetId", account_id AS "accountId", connection_id AS "connectionId",
         connection_name AS "connectionName", coalesce(outcome, 'pending') AS outcome, effect, attempts, code,
         ${instant('next_attempt_at')} AS "nextAttemptAt", ${instant('deleted_at')} AS "deletedAt",
         ${instant('finished_at')} AS "finishedAt",
         CASE WHEN outcome IN ('unsupported', 'failed') THEN manage_url END AS "manageUrl"
       FROM revocations r WHERE person_id = $1 AND tokenset_id IS NOT NULL ORDER BY r.deleted_at DESC, tokenset_id LIMIT ${MOST_LISTED}`,
      [personId],
    );
  }

  private recordOf(row: LeavingTokenset, keyWrapped: Buffer | null, connection: KnownConnection): NewRevocation {
    const id = randomUUID();
    const { sealed, outcome, code, manage_url } = this.planFor(id, row, { keyId: row.keyId, keyWrapped }, connection);
    return {
      id,
      tokenset_id: row.id,
      person_id: row.personId,
      account_id: row.accountId,
      connection_id: row.connectionId,
      connection_name: connection.view.name,
      token_origin: row.tokenOrigin,
      provider_issuer: row.providerIssuer,
      provider_tenant: row.providerTenant,
      provider_subject: row.providerSubject,
      provider_params: row.providerParams,
      has_refresh_token: row.refreshSealed !== null,
      sealed,
      outcome,
      code,
      manage_url,
      event_version: row.eventVersion + (outcome === null ? 1 : 2),
    };
  }

  /** Never fails: whatever keeps us from revoking, our copy goes. */
  private planFor(id: string, row: LeavingTokenset, key: KeyRow, connection: KnownConnection): Plan {
    const has = { accessToken: row.accessSealed !== null, refreshToken: row.refreshSealed !== null };
    const { provider } = connection.of(row.providerParams, has.refreshToken);
    const manage_url = provider?.manageUrl ?? null;
    const nothing = { sealed: null, manage_url };
    if (!provider) return { ...nothing, outcome: 'failed', code: 'connection_misconfigured' };
    const wanted = revocableTokens(provider, has);
    if (!wanted) return { ...nothing, outcome: 'unsupported', code: null };
    try {
      const place = { recordId: id, connectionId: row.connectionId, tokenOrigin: row.tokenOrigin };
      return { sealed: this.seal.seal(place, this.opened(row, key, wanted)), outcome: null, code: null, manage_url };
    } catch (error) {
      if (error instanceof UnreadableRecord) return { ...nothing, outcome: 'failed', code: 'unreadable' };
      if (error instanceof VaultError) return { ...nothing, outcome: 'failed', code: 'vault_sealed' };
      throw error;
    }
  }

  private opened(row: LeavingTokenset, key: KeyRow, wanted: Wanted): RevocableTokens {
    const place = {
      tokensetId: row.id,
      personId: row.personId,
      connectionId: row.connectionId,
      providerSubject: row.providerSubject,
      tokenOrigin: row.tokenOrigin,
      credVersion: row.credVersion,
    };
    return {
      accessToken: wanted.accessToken ? this.custody.open(place, key, 'access', row.accessSealed!) : null,
      refreshToken: wanted.refreshToken ? this.custody.open(place, key, 'refresh', row.refreshSealed!) : null,
    };
  }
}

type Wanted = Record<keyof RevocableTokens, boolean>;

const AT_ONCE = 500;

const eventOf = (record: NewRevocation, row: LeavingTokenset) => ({
  contract: tokensetRevoked,
  ...toldOf({
    tokensetId: row.id,
    personId: row.personId,
    accountId: row.accountId,
    connectionId: row.connectionId,
    outcome: record.outcome!,
    effect: null,
    attempts: 0,
    code: record.code,
    eventVersion: record.event_version,
  }),
});

const instant = (column: string): string => `to_char(r.${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

async function wrappedKeys(tx: EntityManager, rows: readonly LeavingTokenset[]): Promise<Map<string, Buffer>> {
  const keys = await tx.query<{ key_id: string; wrapped: Buffer }[]>(
    'SELECT key_id, wrapped FROM tokenset_keys WHERE key_id = ANY($1)',
    [rows.map(({ keyId }) => keyId)],
  );
  return new Map(keys.map(({ key_id, wrapped }) => [key_id, wrapped]));
}
