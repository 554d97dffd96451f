/** A refresh that is under way may be about to change either. */
const AT_REST = `(lease_until IS NULL OR lease_until < clock_timestamp())`;

/** `$1`: days. A reconnect counts as use, a refresh that nobody waited for does not. */
export const UNUSED = `greatest(last_used_at, connected_at) < clock_timestamp() - make_interval(days => $1::int) AND ${AT_REST}`;

/** What was sent last may have been answered with a token that ends later, and be on its way here. */
const IN_DOUBT = `(status = 'active' AND EXISTS (SELECT FROM refresh_attempts a WHERE a.tokenset_id = tokensets.id
  AND a.base_version = tokensets.cred_version AND a.state IN ('sent', 'unknown')))`;

/** Its refresh token is past its own end, and so is the access token: until then that one is still good. */
export const ENDED = `refresh_expires_at < clock_timestamp() AND access_expires_at < clock_timestamp() AND ${AT_REST}
  AND NOT ${IN_DOUBT}`;
