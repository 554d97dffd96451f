import { z } from 'zod';
import type { Position } from './checkpoint.js';

/** A live session with its facts, as `sessions.reads.ts` reads them; times in milliseconds. */
export interface SessionRow extends Position {
  userId: string;
  createdAt: Date;
  updatedAt: Date;
  authenticatedAt: Date;
  idleExpiresAt: Date;
  expiresAt: Date;
  initialIp: string | null;
  initialUserAgent: string | null;
  lastIp: string | null;
  lastUserAgent: string | null;
  clientIds: string[];
  methods: string[];
}

export const deviceAnswer = z.strictObject({
  initial_ip: z.string().nullable(),
  initial_user_agent: z.string().nullable(),
  last_ip: z.string().nullable(),
  last_user_agent: z.string().nullable(),
});

const members = {
  id: z.string(),
  user_id: z.string(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  authenticated_at: z.iso.datetime(),
  idle_expires_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  last_interacted_at: z.iso.datetime(),
  device: deviceAnswer,
  clients: z.array(z.strictObject({ client_id: z.string() })),
  authentication: z.strictObject({
    methods: z.array(z.strictObject({ name: z.string(), timestamp: z.iso.datetime(), type: z.string().optional() })),
  }),
  cookie: z.strictObject({ mode: z.literal('non-persistent') }),
};
export const sessionAnswer = z.strictObject(members);
export const ownSessionAnswer = z.strictObject({ ...members, current: z.boolean() });

export const deviceOf = (
  row: Pick<SessionRow, 'initialIp' | 'initialUserAgent' | 'lastIp' | 'lastUserAgent'>,
): z.output<typeof deviceAnswer> => ({
  initial_ip: row.initialIp,
  initial_user_agent: row.initialUserAgent,
  last_ip: row.lastIp,
  last_user_agent: row.lastUserAgent,
});

export const sessionView = (row: SessionRow): z.output<typeof sessionAnswer> => ({
  id: row.id,
  user_id: row.userId,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
  authenticated_at: row.authenticatedAt.toISOString(),
  idle_expires_at: row.idleExpiresAt.toISOString(),
  expires_at: row.expiresAt.toISOString(),
  last_interacted_at: row.updatedAt.toISOString(),
  device: deviceOf(row),
  clients: row.clientIds.map((client_id) => ({ client_id })),
  authentication: {
    methods: row.methods.map((name) => ({ name, timestamp: row.authenticatedAt.toISOString() })),
  },
  cookie: { mode: 'non-persistent' },
});
