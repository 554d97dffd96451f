import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PreparedReads } from '@strongroom/persistence';
import type { Place } from '../custody/custody.js';
import type { AccountParams } from '../known-connection.js';
import type { ReconnectReason } from '../tokensets.errors.js';
import type { Lifetime } from './lifetime.js';

/** A tokenset as the exchange reads it. The refresh token stays where it is. */
export interface StoredToken {
  place: Place;
  key: { keyId: string; keyWrapped: Buffer | null };
  /** What the account adds to its connection. */
  params: AccountParams;
  life: Lifetime;
  accountId: string;
  subject: string;
  /** The one that counts: the person's own, else the provider's. */
  label: string | null;
  email: string | null;
  scopes: string[];
  status: 'active' | 'reconnect_required';
  reason: ReconnectReason | null;
  accessSealed: Buffer | null;
  hasRefreshToken: boolean;
  nextAttemptAt: Date | null;
  isUsedToday: boolean;
  /** The person keeps the client that asks from it. */
  isPaused: boolean;
  /** Past the point where it may be refreshed before anybody needs that, and of somebody who uses it. */
  isEarly: boolean;
  /** Monotonic moment of the read, so that later moments need no clock but the database's. */
  readAt: number;
}

interface Row {
  id: string;
  person_id: string;
  account_id: string;
  connection_id: string;
  provider_subject: string;
  label: string | null;
  provider_email: string | null;
  provider_params: AccountParams;
  token_origin: string;
  scopes_granted: string[];
  status: 'active' | 'reconnect_required';
  reason: ReconnectReason | null;
  cred_version: number;
  key_id: string;
  wrapped: Buffer | null;
  access_sealed: Buffer | null;
  has_refresh: boolean;
  access_issued_at: Date;
  access_expires_at: Date | null;
  next_attempt_at: Date | null;
  is_used_today: boolean;
  is_paused: boolean;
  is_early: boolean;
  now: Date;
}

/** For all that exchange at the moment. */
const OF_PERSON = `
  SELECT asked.place::int, t.id, t.person_id, account_id, t.connection_id, provider_subject, provider_email,
    coalesce(own_label, provider_label) AS label, asked.client_id = ANY(paused_client_ids) AS is_paused, provider_params,
    token_origin, scopes_granted, status, reason, cred_version, t.key_id, k.wrapped, access_sealed, refresh_sealed IS NOT NULL AS has_refresh, access_issued_at, access_expires_at, next_attempt_at,
    coalesce(last_used_at >= date_trunc('day', now(), 'UTC'), false) AS is_used_today,
    early_at <= clock_timestamp() AND greatest(last_used_at, connected_at) > now() - interval '30 days' AS is_early,
    clock_timestamp() AS now
  FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS asked(person_id, connection_id, client_id, place)
    JOIN {schema}.tokensets t ON t.person_id = asked.person_id AND t.connection_id = asked.connection_id
    LEFT JOIN {schema}.tokenset_keys k ON k.key_id = t.key_id
  ORDER BY t.created_at, t.id`;

const LAST_ATTEMPT = 'SELECT class FROM refresh_attempts WHERE tokenset_id = $1 ORDER BY sent_at DESC LIMIT 1';

/** The one statement of a usual exchange in this context. */
@Injectable()
export class TokensetReads implements OnApplicationShutdown {
  constructor(private readonly reads: PreparedReads) {}

  /** All that the person has on the connection, as the client may see it. */
  async ofPerson(personId: string, connectionId: string, clientId: string): Promise<StoredToken[]> {
    const rows = await this.reads.shared<Row>(OF_PERSON, [personId, connectionId, clientId]);
    const readAt = performance.now();
    return rows.map((row) => ({
      place: {
        tokensetId: row.id,
        personId: row.person_id,
        connectionId: row.connection_id,
        providerSubject: row.provider_subject,
        tokenOrigin: row.token_origin,
        credVersion: row.cred_version,
      },
      key: { keyId: row.key_id, keyWrapped: row.wrapped },
      params: row.provider_params,
      life: { now: row.now, issuedAt: row.access_issued_at, expiresAt: row.access_expires_at },
      accountId: row.account_id,
      subject: row.provider_subject,
      label: row.label,
      email: row.provider_email,
      scopes: row.scopes_granted,
      status: row.status,
      reason: row.reason,
      accessSealed: row.access_sealed,
      hasRefreshToken: row.has_refresh,
      nextAttemptAt: row.next_attempt_at,
      isUsedToday: row.is_used_today,
      isPaused: row.is_paused,
      isEarly: row.is_early === true,
      readAt,
    }));
  }

  /** Whether it was our own fault, or our client's, that the last refresh was refused for. */
  async isMisconfigured({ tokensetId }: Place): Promise<boolean> {
    const [last] = await this.reads.many<{ class: string | null }>('last_refresh_attempt', LAST_ATTEMPT, [tokensetId]);
    return last?.class === 'client_config' || last?.class === 'bug';
  }

  async onApplicationShutdown(): Promise<void> {
    await this.reads.close();
  }
}
