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
  label: string | null;
  email: string | null;
  scopes: string[];
  status: 'active' | 'reconnect_required';
  reason: ReconnectReason | null;
  accessSealed: Buffer | null;
  hasRefreshToken: boolean;
  nextAttemptAt: Date | null;
  isUsedToday: boolean;
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
  provider_label: string | null;
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
  is_early: boolean;
  now: Date;
}

const OF_PERSON = `
  SELECT t.id, person_id, account_id, connection_id, provider_subject, provider_label, provider_email,
    provider_params, token_origin, scopes_granted, status, reason, cred_version, t.key_id, k.wrapped, access_sealed,
    refresh_sealed IS NOT NULL AS has_refresh, access_issued_at, access_expires_at, next_attempt_at,
    coalesce(last_used_at >= date_trunc('day', now(), 'UTC'), false) AS is_used_today,
    early_at <= clock_timestamp() AND greatest(last_used_at, connected_at) > now() - interval '30 days' AS is_early,
    clock_timestamp() AS now
  FROM tokensets t LEFT JOIN tokenset_keys k ON k.key_id = t.key_id
  WHERE person_id = $1 AND connection_id = $2
  ORDER BY t.created_at, t.id`;

const LAST_ATTEMPT = 'SELECT class FROM refresh_attempts WHERE tokenset_id = $1 ORDER BY sent_at DESC LIMIT 1';

/** The one statement of a usual exchange in this context. */
@Injectable()
export class TokensetReads implements OnApplicationShutdown {
  constructor(private readonly reads: PreparedReads) {}

  async ofPerson(personId: string, connectionId: string): Promise<StoredToken[]> {
    const rows = await this.reads.many<Row>('tokensets_of_person', OF_PERSON, [personId, connectionId]);
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
      label: row.provider_label,
      email: row.provider_email,
      scopes: row.scopes_granted,
      status: row.status,
      reason: row.reason,
      accessSealed: row.access_sealed,
      hasRefreshToken: row.has_refresh,
      nextAttemptAt: row.next_attempt_at,
      isUsedToday: row.is_used_today,
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
