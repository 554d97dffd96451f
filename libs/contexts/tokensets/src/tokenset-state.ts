import { looksSecret } from '@strongroom/contracts';

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
  scopes: sayable(row.scopes),
  expiresAt: row.expiresAt?.toISOString() ?? null,
  credentialVersion: row.credVersion,
});

/**
 * Scopes as an event may carry them. They are the provider's words: one that an event would refuse must not undo the
 * commit of a refresh token.
 */
export const sayable = (scopes: readonly string[]): string[] =>
  scopes.filter((scope) => scope.length > 0 && scope.length <= 255 && !looksSecret(scope)).slice(0, 200);

/** A provider's error code if an event and a table may carry it; some repeat the token they were sent, or a piece of it. */
export const sayableCode = (code: string | null, sent: readonly (string | null)[]): string | null =>
  code !== null && /^[\w.:-]{1,64}$/.test(code) && !looksSecret(code) && !sent.some((token) => echoes(code, token))
    ? code
    : null;

const echoes = (code: string, token: string | null): boolean =>
  token !== null && token !== '' && (token.includes(code) || code.includes(token));
