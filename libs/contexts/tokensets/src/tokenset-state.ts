import { looksSecret, sayableScopes } from '@strongroom/contracts';

/** Columns of `tokensets` that its events speak of. */
export const STATE_COLUMNS = `id, person_id AS "personId", account_id AS "accountId", connection_id AS "connectionId",
  status, reason, scopes_granted AS "scopes", access_expires_at AS "expiresAt", cred_version AS "credVersion",
  event_version AS "eventVersion"`;

export interface TokensetState {
  id: string;
  personId: string;
  accountId: string;
  connectionId: string;
  status: 'active' | 'reconnect_required';
  reason: string | null;
  scopes: string[];
  expiresAt: Date | null;
  credVersion: number;
  eventVersion: number;
}

/** The state part of `spec/events.md` §3. */
export const stateOf = (row: TokensetState, userId: string | null = null) => ({
  tokensetId: row.id,
  personId: row.personId,
  userId,
  connectionId: row.connectionId,
  accountId: row.accountId,
  status: row.status,
  reason: row.reason,
  scopes: sayableScopes(row.scopes),
  expiresAt: row.expiresAt?.toISOString() ?? null,
  credentialVersion: row.credVersion,
});

/** A provider's error code if an event and a table may carry it; some repeat the token they were sent, or a piece of it. */
export const sayableCode = (code: string | null, sent: readonly (string | null)[]): string | null =>
  code !== null && /^[\w.:-]{1,64}$/.test(code) && !looksSecret(code) && !sent.some((token) => echoes(code, token))
    ? code
    : null;

const echoes = (code: string, token: string | null): boolean =>
  token !== null && token !== '' && (token.includes(code) || code.includes(token));
