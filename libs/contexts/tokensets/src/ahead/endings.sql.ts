/** A refresh that is under way may be about to change either. */
const AT_REST = `(lease_until IS NULL OR lease_until < clock_timestamp())`;

/** `$1`: days. A reconnect counts as use, a refresh that nobody waited for does not. */
export const UNUSED = `greatest(last_used_at, connected_at) < clock_timestamp() - make_interval(days => $1::int) AND ${AT_REST}`;

/** Its refresh token is past its own end, and so is the access token: until then that one is still good. */
export const ENDED = `refresh_expires_at < clock_timestamp() AND access_expires_at < clock_timestamp() AND ${AT_REST}`;
