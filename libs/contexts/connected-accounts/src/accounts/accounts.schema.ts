import { isLabel, LABEL_RULE, type RevocationView } from '@strongroom/contracts';
import { z } from 'zod';
import type { ConnectedAccountEntity } from './connected-account.entity.js';

const cursor = z.string().min(1).max(2048).optional();
const wholeNumber = z
  .string()
  .regex(/^\d{1,40}$/, 'must be a whole number')
  .transform(Number);

const isAccountId = (id: string): boolean => id.length <= 64 && /^cac_[A-Za-z0-9]+$/.test(id);
export const accountPath = z.object({
  id: z.string().refine(isAccountId, 'must be the id of a connected account'),
});
/** Whether there is such a client is nobody's question here: it may be paused before it was ever used. */
export const pausePath = accountPath.extend({
  clientId: z
    .string()
    .max(255)
    .regex(/^[\x21-\x7e]+$/, 'must be the id of a client'),
});

export const labelBody = z.strictObject({ label: z.string().refine(isLabel, `must be ${LABEL_RULE}`).nullable() });
export type LabelBody = z.output<typeof labelBody>;

const oneCursor = <T extends { from?: string | undefined; next?: string | undefined }>(query: T): boolean =>
  query.from === undefined || query.next === undefined || query.from === query.next;
const pageOf20 = {
  take: wholeNumber.pipe(z.number().min(1).max(20)).default(10),
  from: cursor,
  /** What a client library calls `from`. */
  next: cursor,
};
const CURSORS = { error: 'from and next must not differ', path: ['next'] };

/** `spec/wire-contract.md` §2.4. */
export const accountsQuery = z
  .object({
    ...pageOf20,
    /** §5.7: what the person themselves may want to see. */
    details: z
      .enum(['true', 'false'])
      .transform((details) => details === 'true')
      .default(false),
    connection: z
      .union([z.string(), z.array(z.string()).max(20)])
      .transform((names) => [names].flat())
      .default([]),
  })
  .refine(oneCursor, CURSORS);
export type AccountsQuery = z.output<typeof accountsQuery>;

/** `spec/wire-contract.md` §2.6. */
export const connectionsQuery = z.object(pageOf20).refine(oneCursor, CURSORS);
export type ConnectionsQuery = z.output<typeof connectionsQuery>;

/** `spec/wire-contract.md` §3.3: a client library always asks for 50, others for more. */
export const userAccountsQuery = z.object({
  take: wholeNumber
    .pipe(z.number().min(1))
    .transform((take) => Math.min(take, 50))
    .default(10),
  from: cursor,
});
export type UserAccountsQuery = z.output<typeof userAccountsQuery>;

/** Only where the account has a known end. A process of before, which connects it with a refresh token, leaves the old one there. */
export const expiry = ({ expiresAt, hasRefreshToken }: ConnectedAccountEntity): { expires_at?: string } =>
  expiresAt === null || hasRefreshToken ? {} : { expires_at: expiresAt.toISOString() };

/** `spec/wire-contract.md` §2.3 and §2.4: members that have nothing to say are left out. */
export const shownAccount = (account: ConnectedAccountEntity) => ({
  id: account.id,
  connection: account.connectionName,
  access_type: 'offline',
  scopes: account.scopes,
  created_at: account.createdAt.toISOString(),
  ...expiry(account),
  ...(account.label === null ? {} : { label: account.label }),
  ...(account.missingScopes.length > 0 ? { missing_scopes: account.missingScopes } : {}),
  ...(account.hasRefreshToken ? {} : { warnings: ['no_refresh_token'] }),
});

const account = {
  id: z.string().regex(/^cac_[A-Za-z0-9]+$/),
  connection: z.string(),
  access_type: z.literal('offline'),
  scopes: z.array(z.string()),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().optional(),
};
const shown = {
  ...account,
  missing_scopes: z.array(z.string()).optional(),
  warnings: z.array(z.string()).optional(),
};
export const accountAnswer = z.strictObject({ ...shown, label: z.string().optional() });
/** With `details=true`; `reason` says why the person has to connect again. */
export const detailedAccountAnswer = z.strictObject({
  ...shown,
  status: z.enum(['connected', 'reconnect_required']),
  reason: z.string().nullable(),
  label: z.string().nullable(),
  last_used_at: z.iso.datetime().nullable(),
  paused_clients: z.array(z.string()),
});
export const userAccountAnswer = z.strictObject({ ...account, connection_id: z.string(), strategy: z.string() });
export const connectableAnswer = z.strictObject({
  name: z.string(),
  strategy: z.string(),
  scopes: z.array(z.string()).optional(),
});

export const revocationAnswer = z.strictObject({
  id: z.string(),
  connection: z.string(),
  outcome: z.enum(['pending', 'revoked', 'already_gone', 'unsupported', 'failed']),
  effect: z.string().optional(),
  disconnected_at: z.iso.datetime(),
  finished_at: z.iso.datetime().optional(),
  manage_url: z.url().optional(),
});

/** Why it failed is the operator's; where the person can do it themselves is said instead. */
export const shownRevocation = (revocation: RevocationView) => ({
  id: revocation.accountId,
  connection: revocation.connectionName,
  outcome: revocation.outcome,
  ...(revocation.effect === null ? {} : { effect: revocation.effect }),
  disconnected_at: revocation.deletedAt,
  ...(revocation.finishedAt === null ? {} : { finished_at: revocation.finishedAt }),
  ...(revocation.manageUrl === null ? {} : { manage_url: revocation.manageUrl }),
});
