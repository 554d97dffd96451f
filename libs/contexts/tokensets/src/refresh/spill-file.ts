import { z } from 'zod';
import type { CommittableAttempt, NewCredential } from './refresh.types.js';

/** A refresh whose answer is here and may not be in the database. */
export interface SpilledRefresh {
  attempt: CommittableAttempt;
  credential: NewCredential;
}

const bytes = z.base64url().transform((text) => Buffer.from(text, 'base64url'));
const instant = z.iso.datetime().transform((text) => new Date(text));
const kinds = ['on_demand', 'early', 'keep_fresh', 'keep_alive', 'recovery', 'forced'] as const;

/** What a file of the spill holds: ids, times and sealed fields, nothing in clear that a row has not in clear too. */
const file = z.strictObject({
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

export function encodeSpill(installation: string, attempt: CommittableAttempt, credential: NewCredential): string {
  const { id, tokensetId, base, kind, actor, sentAt } = attempt;
  const { accessSealed, refreshSealed, newKey, ...rest } = credential;
  return JSON.stringify({
    installation,
    attempt: { id, tokensetId, base, kind, actor, sentAt },
    credential: {
      ...rest,
      accessSealed: accessSealed.toString('base64url'),
      refreshSealed: refreshSealed?.toString('base64url') ?? null,
      newKey: newKey && { keyId: newKey.keyId, keyWrapped: newKey.keyWrapped.toString('base64url') },
    },
  });
}

/** @throws Error if it is not one */
export function decodeSpill(text: string): SpilledRefresh & { installation: string } {
  const { installation, attempt, credential } = file.parse(JSON.parse(text));
  const { id, ...actor } = attempt.actor;
  return { installation, attempt: { ...attempt, actor: id === undefined ? actor : { ...actor, id } }, credential };
}
