import { z } from 'zod';
import { refreshLifetimes } from '../door/client-facts.js';
import type { RefreshTokenSettings } from '../clients/client.entity.js';
import type { Position } from './checkpoint.js';
import { deviceAnswer, deviceOf, type SessionRow } from './session-view.js';

/** A refresh token that can be used now, whatever it was rotated from. */
export interface RefreshTokenRow
  extends Position, Pick<SessionRow, 'initialIp' | 'initialUserAgent' | 'lastIp' | 'lastUserAgent'> {
  userId: string;
  clientId: string;
  sessionId: string | null;
  /** Of the first of its family. */
  createdAt: Date;
  /** When this one ends, unless it is used before. */
  endsAt: Date;
  lastExchangedAt: Date | null;
  settings: RefreshTokenSettings | null;
  /** Null: a token for `/userinfo` only. */
  audience: string | null;
  scope: string;
}

const time = z.iso.datetime();

export const refreshTokenAnswer = z.strictObject({
  id: z.uuid(),
  user_id: z.string(),
  client_id: z.string(),
  session_id: z.string().nullable(),
  created_at: time,
  idle_expires_at: time.nullable(),
  expires_at: time.nullable(),
  last_exchanged_at: time.nullable(),
  rotating: z.boolean(),
  device: deviceAnswer,
  resource_servers: z.array(z.strictObject({ audience: z.string(), scopes: z.string() })),
});

/** Null where the client's settings give no end. */
export function refreshTokenView(row: RefreshTokenRow, userinfo: string): z.output<typeof refreshTokenAnswer> {
  const { settings, createdAt } = row;
  const { absolute } = refreshLifetimes(settings);
  const ends = settings?.expiration_type === 'expiring';
  return {
    id: row.id,
    user_id: row.userId,
    client_id: row.clientId,
    session_id: row.sessionId,
    created_at: createdAt.toISOString(),
    idle_expires_at: ends && !settings.infinite_idle_token_lifetime ? row.endsAt.toISOString() : null,
    expires_at:
      ends && !settings.infinite_token_lifetime ? new Date(createdAt.getTime() + absolute * 1000).toISOString() : null,
    last_exchanged_at: row.lastExchangedAt?.toISOString() ?? null,
    rotating: settings?.rotation_type === 'rotating',
    device: deviceOf(row),
    resource_servers: [{ audience: row.audience ?? userinfo, scopes: row.scope }],
  };
}
