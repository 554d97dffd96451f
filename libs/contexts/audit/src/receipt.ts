import { z } from 'zod';
import { clientIdOf, connectionIdOf, type LedgerRow, textOf } from './log-entry.js';
import type { Names } from './names.js';

/** Which events a person sees of what was done for them, and as what (`spec/wire-contract.md` §5.7). */
const TYPES = {
  'exchange.succeeded': 'exchanged',
  'exchange.failed': 'refused',
  'account.connected': 'connected',
  'connect.failed': 'connect_failed',
  'account.disconnected': 'disconnected',
  'tokenset.reconnect_required': 'reconnect_required',
  'user.logged_in': 'signed_in',
} as const;

export const receiptAnswer = z.strictObject({
  id: z.string(),
  at: z.iso.datetime(),
  type: z.enum(Object.values(TYPES)),
  client_id: z.string().nullable(),
  client_name: z.string().nullable(),
  connection: z.string().nullable(),
  account_id: z.string().nullable(),
  scopes: z.array(z.string()),
  reason: z.string().optional(),
  ip: z.string().nullable(),
});
export type Receipt = z.infer<typeof receiptAnswer>;

/** Why: only where something did not go on as before. */
const HAVE_REASONS = new Set<string>(['refused', 'connect_failed', 'disconnected', 'reconnect_required']);

/** A client that is gone keeps the name it had: what a person reads here must still mean something to them. */
export function receipt(row: LedgerRow, { connections, clients }: Names): Receipt {
  const { event_id: id, name, occurred_at: at, data } = row;
  const type = TYPES[name as keyof typeof TYPES];
  const clientId = clientIdOf(row);
  const connectionId = connectionIdOf(row);
  const reason = HAVE_REASONS.has(type) ? textOf(data['reason']) : null;
  return {
    id,
    at: at.toISOString(),
    type,
    client_id: clientId,
    client_name: clientId === null ? null : (clients.get(clientId) ?? null),
    connection: connectionId === null ? null : (connections.get(connectionId) ?? connectionId),
    account_id: textOf(data['accountId']),
    scopes: (data['scopes'] as string[] | undefined) ?? [],
    ...(reason === null ? {} : { reason }),
    ip: textOf(data['ip']),
  };
}
