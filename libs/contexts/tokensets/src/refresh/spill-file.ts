import { z } from 'zod';
import type { CommittableAttempt, NewCredential } from './refresh.types.js';

/** A refresh whose answer is here and may not be in the database. */
export interface SpilledRefresh {
  attempt: CommittableAttempt;
  credential: NewCredential;
}

/** The same of a code: sealed as they wait in the database, until it is known whose account they belong to. */
export interface SpilledRedeem {
  redeem: { id: string; sessionId: string; connectionId: string; tokenOrigin: string; sealed: Buffer };
}

export type Spilled = SpilledRefresh | SpilledRedeem;

/** UUID. */
export const idOf = (spilled: Spilled): string => ('attempt' in spilled ? spilled.attempt.id : spilled.redeem.id);

const bytes = z.base64url().transform((text) => Buffer.from(text, 'base64url'));
const instant = z.iso.datetime().transform((text) => new Date(text));
const kinds = ['on_demand', 'early', 'keep_fresh', 'keep_alive', 'recovery', 'forced'] as const;

const refreshFile = z.strictObject({
  installation: z.string(),
  attempt: z.strictObject({
    id: z.uuid(),
    tokensetId: z.string(),
    base: z.int(),
    kind: z.enum(kinds),
    actor: z.strictObject({
      kind: z.enum(['user', 'client', 'administrator', 'system']),
      id: z.string().optional(),
    }),
    /** From when on the access token counts: usually that of its own send. */
    sentAt: instant,
  }),
  credential: z.strictObject({
    accessSealed: bytes,
    refreshSealed: bytes.nullable(),
    tokenOrigin: z.string(),
    scopes: z.array(z.string()),
    expiresAt: instant.nullable(),
    refreshExpiresAt: instant.nullable(),
    brought: z.strictObject({
      params: z.record(z.string(), z.string()),
      extras: z.record(z.string(), z.unknown()),
    }),
    rotated: z.boolean(),
    newKey: z.strictObject({ keyId: z.uuid(), keyWrapped: bytes }).nullable(),
  }),
});

const redeemFile = z.strictObject({
  installation: z.string(),
  redeem: z.strictObject({
    id: z.uuid(),
    sessionId: z.string(),
    connectionId: z.string(),
    tokenOrigin: z.string(),
    sealed: bytes,
  }),
});

/** What a file of the spill holds: ids, times and sealed fields, nothing in clear that a row has not in clear too. */
const file = z.union([refreshFile, redeemFile]);

export function encodeSpill(installation: string, spilled: Spilled): string {
  if ('redeem' in spilled)
    return JSON.stringify({
      installation,
      redeem: { ...spilled.redeem, sealed: spilled.redeem.sealed.toString('base64url') },
    });
  const { id, tokensetId, base, kind, actor } = spilled.attempt;
  const { accessSealed, refreshSealed, newKey, issuedAt, ...rest } = spilled.credential;
  return JSON.stringify({
    installation,
    attempt: { id, tokensetId, base, kind, actor, sentAt: issuedAt },
    credential: {
      ...rest,
      accessSealed: accessSealed.toString('base64url'),
      refreshSealed: refreshSealed?.toString('base64url') ?? null,
      newKey: newKey && { keyId: newKey.keyId, keyWrapped: newKey.keyWrapped.toString('base64url') },
    },
  });
}

/** @throws Error if it is not one */
export function decodeSpill(text: string): { installation: string; spilled: Spilled } {
  const read = file.parse(JSON.parse(text));
  const { installation } = read;
  if ('redeem' in read) return { installation, spilled: { redeem: read.redeem } };
  const { sentAt: issuedAt, ...rest } = read.attempt;
  const { id, ...actor } = rest.actor;
  return {
    installation,
    spilled: {
      attempt: { ...rest, actor: id === undefined ? actor : { ...actor, id } },
      credential: { ...read.credential, issuedAt },
    },
  };
}
