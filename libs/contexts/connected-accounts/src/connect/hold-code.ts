import { Injectable } from '@nestjs/common';
import { type IntakeKey, IntakeKeys } from '@strongroom/contracts';
import { sealBox } from '@strongroom/crypto';
import type { ProviderEntry, ResolvedProvider } from '@strongroom/providers';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { ConnectSessions } from './connect-sessions.js';
import { hashOf, newSecret } from './secrets.js';

const CONNECT_CODE_SECONDS = 60;
/** What is left of a provider's code for the vault to send it. */
const RESERVED_SECONDS = 5;

/** What a callback brought, after every check that can be made without the client secret. */
export interface HeldCallback {
  code: string;
  captured: Record<string, string>;
  params: Record<string, string>;
  query: Record<string, string>;
}

/** Keeps a provider's code, which nobody but the vault can read, and makes the app's `connect_code` for it. */
@Injectable()
export class HoldCode {
  constructor(
    private readonly sessions: ConnectSessions,
    private readonly intakeKeys: IntakeKeys,
  ) {}

  /** Null: another answer was first. */
  async hold(
    session: ConnectSessionEntity,
    { entry: { authorization } }: ResolvedProvider,
    { code, captured, params, query }: HeldCallback,
  ): Promise<{ held: ConnectSessionEntity; connectCode: string } | null> {
    const connectCode = newSecret();
    const key = await this.intakeKeys.current();
    const isSigned = authorization.callback.signature !== undefined;
    const held = await this.sessions.step(
      'at_provider',
      { sql: 'id = :id', values: { id: session.id } },
      {
        state: 'code_held',
        codeBox: await seal(key, session, 'code', code),
        queryBox: isSigned ? await seal(key, session, 'query', new URLSearchParams(query).toString()) : null,
        captured,
        params,
        connectCodeHash: hashOf(connectCode),
        expiresAt: () => `least(ends_at, clock_timestamp() + interval '${connectCodeSeconds(authorization)} s')`,
      },
    );
    return held && { held, connectCode };
  }
}

const seal = (key: IntakeKey, { connectionId, id }: ConnectSessionEntity, field: string, secret: string) =>
  sealBox(key, { purpose: 'provider-code', connectionId, ownerId: id, field }, secret);

/** A `connect_code` that outlived the provider's code would promise what can only fail. */
export function connectCodeSeconds({ codeTtlSeconds }: Pick<ProviderEntry['authorization'], 'codeTtlSeconds'>): number {
  if (codeTtlSeconds === undefined) return CONNECT_CODE_SECONDS;
  return Math.max(1, Math.min(CONNECT_CODE_SECONDS, Math.floor(codeTtlSeconds) - RESERVED_SECONDS));
}
