import { Injectable } from '@nestjs/common';
import { type Redeemed, tokensetCreated, tokensetRecovered, tokensetRefreshed } from '@strongroom/contracts';
import { UnreadableRecord } from '@strongroom/crypto';
import { Outbox } from '@strongroom/messaging';
import { missingScopes } from '@strongroom/providers';
import { DataSource, type EntityManager } from 'typeorm';
import { Custody, type KeyRow, type Place } from '../custody/custody.js';
import { mint } from '../ids.js';
import { changed, first } from '../rows.js';
import { STATE_COLUMNS, stateOf, type TokensetState } from '../tokenset-state.js';
import { AccountConflictError } from '../tokensets.errors.js';
import { RedeemJournal } from './redeem-journal.js';
import {
  type AskedRedeem,
  type PendingTokens,
  type ProviderAccount,
  type Redeem,
  SessionTakenError,
} from './redeem.types.js';

interface Incoming {
  redeem: Redeem;
  tokens: PendingTokens;
  account: ProviderAccount;
}

/** Stores what a code led to: a new tokenset, or new tokens in the one that is there. */
@Injectable()
export class TokensetStore {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly custody: Custody,
    private readonly journal: RedeemJournal,
  ) {}

  /** @throws AccountConflictError if it is another person's, or not the one that was to be reconnected */
  async store(incoming: Incoming): Promise<Redeemed> {
    for (;;) {
      const stored = await this.database.transaction(async (tx) => {
        await tx.query('SET LOCAL synchronous_commit = on');
        const existing = await this.existing(tx, incoming);
        const redeemed = existing ? await this.replace(tx, incoming, existing) : await this.create(tx, incoming);
        if (!redeemed) return undefined;
        // Another call with the same session was first: nothing of this one may stay.
        if (!(await this.journal.stored(tx, incoming.redeem.request.sessionId, redeemed)))
          throw new SessionTakenError();
        return { redeemed, oldKeyId: existing?.key_id };
      });
      if (stored?.oldKeyId) this.custody.forget(stored.oldKeyId);
      if (stored) return stored.redeemed;
    }
  }

  /**
   * The tokenset of this provider account, locked. A refresh in flight finds another version afterwards. One of this
   * person whose provider has moved to another host is this account's too: its tokens are gone, and this is its repair.
   */
  private async existing(
    tx: EntityManager,
    { redeem: { request, ...redeem }, account }: Incoming,
  ): Promise<ExistingRow | undefined> {
    const row = await first<Omit<ExistingRow, 'key_wrapped'>>(
      tx,
      `SELECT id, person_id, account_id, status, failing_since, cred_version, token_origin, refresh_sealed,
         refresh_expires_at, key_id
       FROM tokensets WHERE connection_id = $1 AND provider_tenant = $2 AND provider_subject = $3
         AND (($3 <> '' AND provider_issuer = ANY($5::text[]))
           OR (person_id = $4 AND ($3 = '' OR reason = 'endpoint_changed')))
       ORDER BY provider_issuer = $6 DESC, created_at LIMIT 1 FOR UPDATE`,
      [
        request.connectionId,
        account.tenant,
        account.subject,
        request.personId,
        issuersOf(redeem, account),
        account.issuer,
      ],
    );
    if (row && row.person_id !== request.personId) throw new AccountConflictError();
    if (request.pinnedAccountId !== null && row?.account_id !== request.pinnedAccountId)
      throw new AccountConflictError();
    return row && { ...row, key_wrapped: await wrappedKey(tx, row.key_id) };
  }

  /** Undefined: somebody else has stored the same account since we looked. */
  private async create(tx: EntityManager, incoming: Incoming): Promise<Redeemed | undefined> {
    const { redeem, tokens, account } = incoming;
    const { request, provider } = redeem;
    const id = mint('ts');
    const key = this.custody.newKey(id);
    const sealed = this.custody.sealTokens(placeOf(id, 1, incoming), key, {
      access: tokens.accessToken,
      refresh: tokens.refreshToken,
    });
    const row = await first<StoredRow>(
      tx,
      `INSERT INTO tokensets (id, person_id, account_id, connection_id, provider_tenant, provider_subject,
         provider_label, provider_email, token_origin, scopes_asked, scopes_granted, status, cred_version, event_version,
         key_id, access_sealed, refresh_sealed, access_issued_at, access_expires_at, refresh_expires_at,
         provider_issuer, provider_params, extras)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'active', 1, 1, $12, $13, $14, $15, $16, $17, $18, $19,
         $20)
       ON CONFLICT DO NOTHING RETURNING ${STORED_COLUMNS}`,
      [
        id,
        request.personId,
        mint('cac'),
        request.connectionId,
        account.tenant,
        account.subject,
        account.label,
        account.email,
        provider.tokenOrigin,
        request.scopesAsked,
        tokens.scopes,
        key.keyId,
        sealed.accessSealed,
        sealed.refreshSealed,
        tokens.issuedAt,
        tokens.expiresAt,
        tokens.refreshExpiresAt,
        account.issuer,
        JSON.stringify(account.params),
        JSON.stringify(tokens.brought.extras),
      ],
    );
    if (!row) return undefined;
    await this.addKey(tx, id, key);
    await this.outbox.add(tx, tokensetCreated, {
      id,
      sequence: row.eventVersion,
      data: { ...this.state(row, request), clientId: request.clientId, origin: 'connect' },
    });
    return redeemed(row, incoming, { hasRefreshToken: sealed.refreshSealed !== null, reconnected: false });
  }

  private async replace(tx: EntityManager, incoming: Incoming, old: ExistingRow): Promise<Redeemed> {
    const { redeem, tokens, account } = incoming;
    const { request, provider } = redeem;
    const kept = tokens.refreshToken === null ? this.keptRefreshToken(old, incoming) : null;
    const key = this.custody.newKey(old.id);
    const sealed = this.custody.sealTokens(placeOf(old.id, old.cred_version + 1, incoming), key, {
      access: tokens.accessToken,
      refresh: tokens.refreshToken ?? kept,
    });
    const [row] = await changed<StoredRow>(
      tx,
      `UPDATE tokensets SET provider_label = $2, provider_email = $3, token_origin = $4, scopes_asked = $5,
         scopes_granted = $6, status = 'active', reason = NULL, cred_version = cred_version + 1,
         event_version = event_version + 1, key_id = $7, access_sealed = $8, refresh_sealed = $9, access_issued_at = $10,
         access_expires_at = $11, refresh_expires_at = $12, lease_owner = NULL, lease_until = NULL,
         next_attempt_at = NULL, failures = 0, failing_since = NULL, failure_said_at = NULL, provider_issuer = $13,
         provider_params = $14, extras = $15, connected_at = clock_timestamp(), restored_at = NULL
       WHERE id = $1 RETURNING ${STORED_COLUMNS}`,
      [
        old.id,
        account.label,
        account.email,
        provider.tokenOrigin,
        request.scopesAsked,
        tokens.scopes,
        key.keyId,
        sealed.accessSealed,
        sealed.refreshSealed,
        tokens.issuedAt,
        tokens.expiresAt,
        kept === null ? tokens.refreshExpiresAt : old.refresh_expires_at,
        account.issuer,
        JSON.stringify(account.params),
        JSON.stringify(tokens.brought.extras),
      ],
    );
    await shredKeys(tx, [old.id]);
    await this.addKey(tx, old.id, key);
    await supersedeAttempts(tx, [old.id]);
    await this.sayReplaced(tx, row!, old, request, tokens.refreshToken !== null);
    return redeemed(row!, incoming, { hasRefreshToken: sealed.refreshSealed !== null, reconnected: true });
  }

  private async sayReplaced(
    tx: EntityManager,
    row: TokensetState,
    old: ExistingRow,
    request: AskedRedeem,
    rotated: boolean,
  ): Promise<void> {
    const event = { id: row.id, sequence: row.eventVersion };
    const state = this.state(row, request);
    const cause = 'reconnected';
    if (old.status === 'active')
      await this.outbox.add(tx, tokensetRefreshed, { ...event, data: { ...state, cause, rotated } });
    else
      await this.outbox.add(tx, tokensetRecovered, {
        ...event,
        data: { ...state, cause, downSince: old.failing_since?.toISOString() ?? null },
      });
  }

  /**
   * An old refresh token stays if no new one came; but not across a change of where it may be sent, nor where nobody
   * knows whether both are of one account.
   */
  private keptRefreshToken(old: ExistingRow, incoming: Incoming): string | null {
    const { redeem, account } = incoming;
    const origins = [redeem.provider.tokenOrigin, ...formerOriginsOf(redeem, account)];
    if (account.subject === '' || !old.refresh_sealed || !origins.includes(old.token_origin)) return null;
    const place = { ...placeOf(old.id, old.cred_version, incoming), tokenOrigin: old.token_origin };
    try {
      return this.custody.open(
        place,
        { keyId: old.key_id, keyWrapped: old.key_wrapped },
        'refresh',
        old.refresh_sealed,
      );
    } catch (error) {
      if (error instanceof UnreadableRecord) return null;
      throw error;
    }
  }

  private async addKey(tx: EntityManager, tokensetId: string, { keyId, keyWrapped }: KeyRow): Promise<void> {
    await tx.query('INSERT INTO tokenset_keys (key_id, tokenset_id, wrapped) VALUES ($1, $2, $3)', [
      keyId,
      tokensetId,
      keyWrapped,
    ]);
  }

  private state(row: TokensetState, { userId, personId }: AskedRedeem) {
    return { ...stateOf(row, userId), actor: { kind: 'user', id: personId } as const };
  }
}

const STORED_COLUMNS = `${STATE_COLUMNS}, coalesce(own_label, provider_label) AS label`;

type StoredRow = TokensetState & { label: string | null };

interface ExistingRow {
  id: string;
  person_id: string;
  account_id: string;
  status: 'active' | 'reconnect_required';
  failing_since: Date | null;
  cred_version: number;
  token_origin: string;
  refresh_sealed: Buffer | null;
  refresh_expires_at: Date | null;
  key_id: string;
  key_wrapped: Buffer | null;
}

const STORED_WITHOUT_ISSUER = '';

/**
 * Under which names the account may be stored. Unless each account has an issuer of its own, the hosts its tokens come
 * from, now and before, are names of the one there is: the catalogue may learn an issuer, or follow a move, later.
 */
function issuersOf(redeem: Pick<Redeem, 'connection' | 'provider'>, account: ProviderAccount): string[] {
  const names = [account.issuer, STORED_WITHOUT_ISSUER];
  if (redeem.provider.entry.identity.issuerFrom !== undefined) return names;
  const origins = [redeem.provider.tokenOrigin, ...formerOriginsOf(redeem, account)];
  return [...names, ...origins.map((origin) => new URL(origin).host)];
}

const formerOriginsOf = ({ connection }: Pick<Redeem, 'connection'>, { params }: ProviderAccount): readonly string[] =>
  connection.of(params, false).formerTokenOrigins;

const placeOf = (tokensetId: string, credVersion: number, { redeem, account }: Incoming): Place => ({
  tokensetId,
  personId: redeem.request.personId,
  connectionId: redeem.request.connectionId,
  providerSubject: account.subject,
  tokenOrigin: redeem.provider.tokenOrigin,
  credVersion,
});

const redeemed = (
  row: StoredRow,
  { redeem: { request, provider }, tokens }: Incoming,
  rest: Pick<Redeemed, 'hasRefreshToken' | 'reconnected'>,
): Redeemed => ({
  endsAt: rest.hasRefreshToken ? null : (row.expiresAt?.toISOString() ?? null),
  tokensetId: row.id,
  accountId: row.accountId,
  scopes: tokens.scopes,
  missingScopes: missingScopes(provider, request.scopesAsked, tokens.scopes),
  label: row.label,
  ...rest,
});

/**
 * Asked after the lock on the tokenset, in a statement of its own: one that waited for the lock sees the new row, but
 * every other table as it was before the wait.
 */
export async function wrappedKey(tx: EntityManager, keyId: string): Promise<Buffer | null> {
  const key = await first<{ wrapped: Buffer }>(tx, 'SELECT wrapped FROM tokenset_keys WHERE key_id = $1', [keyId]);
  return key?.wrapped ?? null;
}

/** Erases the keys, which is what makes the tokens unreadable, and remembers that they were. Returns their ids. */
export async function shredKeys(tx: EntityManager, tokensetIds: readonly string[]): Promise<string[]> {
  const shredded = await changed<{ key_id: string }>(
    tx,
    'DELETE FROM tokenset_keys WHERE tokenset_id = ANY($1) RETURNING key_id, tokenset_id',
    [tokensetIds],
  );
  await tx.query(
    `INSERT INTO shredded_keys (key_id, tokenset_id)
     SELECT (key->>'key_id')::uuid, key->>'tokenset_id' FROM jsonb_array_elements($1::jsonb) key`,
    [JSON.stringify(shredded)],
  );
  return shredded.map(({ key_id }) => key_id);
}

/** What a refresh in flight brings back no longer counts. */
export async function supersedeAttempts(tx: EntityManager, tokensetIds: readonly string[]): Promise<void> {
  await tx.query(
    `UPDATE refresh_attempts SET state = 'superseded', is_open = false, settled_at = clock_timestamp()
     WHERE tokenset_id = ANY($1) AND state IN ('sent', 'unknown')`,
    [tokensetIds],
  );
}
