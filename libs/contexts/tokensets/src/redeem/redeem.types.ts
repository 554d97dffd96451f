import type { RedeemRequest } from '@strongroom/contracts';
import type { ResolvedProvider } from '@strongroom/providers';
import { z } from 'zod';
import type { AccountParams, KnownConnection } from '../known-connection.js';

const date = z.iso.datetime().transform((text) => new Date(text));

/** Of a redeem what is needed once its code is spent. */
export type AskedRedeem = Omit<RedeemRequest, 'codeBox' | 'verifierBox' | 'queryBox' | 'codeReceiver'>;

const values = z.record(z.string(), z.string());
const askedRedeem = z.object({
  sessionId: z.string(),
  personId: z.string(),
  userId: z.string(),
  clientId: z.string(),
  connectionId: z.string(),
  redirectUri: z.string(),
  nonce: z.string().nullable(),
  scopesAsked: z.array(z.string()),
  captured: values,
  params: values,
  pinnedAccountId: z.string().nullable(),
});

/** What came for a code, while it waits sealed for the account it belongs to. */
const pendingTokens = z.object({
  accessToken: z.string(),
  refreshToken: z.string().nullable(),
  idToken: z.string().nullable(),
  scopes: z.array(z.string()),
  issuedAt: date,
  expiresAt: date.nullable(),
  /** False: the answer named no lifetime, and the entry's assumption stands in. */
  saysLifetime: z.boolean().default(true),
  refreshExpiresAt: date.nullable(),
  brought: z.object({ extras: z.record(z.string(), z.unknown()), params: values }).default({ extras: {}, params: {} }),
  raw: z.unknown(),
});
export type PendingTokens = z.output<typeof pendingTokens>;

/** As they are sealed: with what they were asked for, so that they can be stored without whoever asked. */
export const pendingRedeem = pendingTokens.extend({
  /** An older release did not write it. */
  asked: askedRedeem.optional(),
});
export type PendingRedeem = z.output<typeof pendingRedeem>;

/** A redeem on its way: what was asked, and who is asked. */
export interface Redeem {
  request: AskedRedeem;
  connection: KnownConnection;
  /** What the connect request and the callback brought. */
  params: AccountParams;
  provider: ResolvedProvider;
}

/** Whose account it is; an empty subject says that the provider names none. */
export interface ProviderAccount {
  /** Who says so: its issuer, or the host its tokens come from. Empty with the subject. */
  issuer: string;
  subject: string;
  tenant: string;
  label: string | null;
  email: string | null;
  /** All that the account adds to its connection. */
  params: AccountParams;
  /** The entry that governs it from now on. */
  provider: ResolvedProvider;
}

/** Another call with the same session was first. */
export class SessionTakenError extends Error {}

export type RefusalCode =
  'redeem_refused' | 'missing_user_id' | 'account_conflict' | 'provider_unavailable' | 'connection_misconfigured';
