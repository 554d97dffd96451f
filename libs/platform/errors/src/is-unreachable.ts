const NETWORK = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN', 'EHOSTUNREACH']);
/** Postgres cannot be reached, is starting, stopping, full or too slow; deadlocks and serialization are settled by another try. */
const POSTGRES = /^(08|53|57P0|57014|40001|40P01|55006)/;
/** `pg` gives these no code. */
const SAID =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Driver not Connected|Connection is not established|Cannot use a pool after calling end)/;

/**
 * Whether this says that a database or another server does not answer now, so that a later try may do. Told by its
 * shape: what Node itself throws is no `Error` of ours where modules run in a context of their own.
 */
export function isUnreachable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, driverError, errors } = error as Record<string, unknown>;
  if (typeof code === 'string' && (NETWORK.has(code) || POSTGRES.test(code))) return true;
  if (typeof message === 'string' && SAID.test(message)) return true;
  return isUnreachable(driverError) || (Array.isArray(errors) && errors.some(isUnreachable));
}
