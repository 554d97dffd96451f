import { z } from 'zod';

const date = z.iso.datetime().transform((text) => new Date(text));

/** What came for a code, while it waits sealed for the account it belongs to. */
export const pendingTokens = z.object({
  accessToken: z.string(),
  refreshToken: z.string().nullable(),
  idToken: z.string().nullable(),
  scopes: z.array(z.string()),
  issuedAt: date,
  expiresAt: date.nullable(),
  refreshExpiresAt: date.nullable(),
  raw: z.unknown(),
});
export type PendingTokens = z.output<typeof pendingTokens>;

/** Whose account it is; an empty subject says that the provider names none. */
export interface ProviderAccount {
  subject: string;
  tenant: string;
  label: string | null;
  email: string | null;
}

export type RefusalCode = 'redeem_refused' | 'missing_user_id' | 'account_conflict' | 'provider_unavailable';
