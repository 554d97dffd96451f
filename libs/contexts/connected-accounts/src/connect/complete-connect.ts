import { Injectable } from '@nestjs/common';
import {
  type Actor,
  type BearerIdentity,
  ConnectionDirectory,
  People,
  type Redeemed,
  TokenVault,
} from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { ValidationError } from '@strongroom/http';
import type { ConnectedAccountEntity } from '../accounts/connected-account.entity.js';
import { ConnectSessionNotFoundError } from '../connected-accounts.errors.js';
import type { CompleteBody } from './connect.schema.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { ConnectSessions, type FailureReason } from './connect-sessions.js';
import { eventCode } from './provider-errors.js';
import { challengeOf, hashOf, isSame, matches } from './secrets.js';
import { StoreAccount } from './store-account.js';
import { isUsable } from './usable-connection.js';

type Person = BearerIdentity & { personId: string };

/** Refusals of the vault that end the session. Any other error leaves open what happened; the sweep will ask. */
const FINAL: Record<string, FailureReason> = {
  redeem_refused: 'redeem_failed',
  missing_user_id: 'redeem_failed',
  provider_unavailable: 'redeem_failed',
  account_conflict: 'account_conflict',
};

/** `POST /complete`, `spec/connect-flow.md` §4.6. Only here, after every check, is the provider's code redeemed. */
@Injectable()
export class CompleteConnect {
  constructor(
    private readonly sessions: ConnectSessions,
    private readonly people: People,
    private readonly directory: ConnectionDirectory,
    private readonly vault: TokenVault,
    private readonly accounts: StoreAccount,
  ) {}

  async complete(caller: Person, body: CompleteBody): Promise<ConnectedAccountEntity> {
    const session = await this.claim(caller, body.auth_session);
    const actor: Actor = { kind: 'user', id: caller.personId };
    const wrong = wrongMember(session, caller, body);
    if (wrong) {
      await this.fail(session, 'redeem_failed', `wrong_${wrong}`, actor);
      throw ValidationError.of('body', wrong, 'does not belong to this session, which is spent now');
    }
    await this.askOwners(session, actor);
    const redeemed = await this.redeem(session, actor);
    const account = await this.accounts.store(session, redeemed, actor);
    if (!account) throw new ConnectSessionNotFoundError();
    return account;
  }

  /** Step 3: exactly one of all racers goes on. One attempt, whatever the later checks say. */
  private async claim(caller: Person, authSession: string): Promise<ConnectSessionEntity> {
    const authSessionHash = hashOf(authSession);
    const where = {
      sql: 'auth_session_hash = :authSessionHash AND person_id = :personId AND client_id = :clientId',
      values: { authSessionHash, personId: caller.personId, clientId: caller.clientId },
    };
    const claimed = {
      state: 'completing',
      pending: false,
      completingAt: () => 'clock_timestamp()',
      expiresAt: () => 'ends_at',
    } as const;
    const session =
      (await this.sessions.step('code_held', where, claimed)) ??
      (await this.sessions.step('completing', { ...where, sql: `${where.sql} AND pending` }, claimed));
    if (session) return session;

    const found = await this.sessions.find({ authSessionHash });
    if (found) await this.refuse(found, caller);
    throw new ConnectSessionNotFoundError();
  }

  private async refuse(session: ConnectSessionEntity, caller: Person): Promise<void> {
    const isTheirs = session.personId === caller.personId && session.clientId === caller.clientId;
    const actor: Actor = { kind: 'user', id: caller.personId };
    if (session.state === 'code_held' && !session.isLive)
      await this.sessions.end(session, { to: 'expired', reason: 'expired', actor });
    else if (!isTheirs && (session.state === 'code_held' || session.pending))
      await this.fail(session, 'user_mismatch', null, actor);
    else if (session.state === 'completing' || session.state === 'completed')
      await this.sessions.refuse(session, 'replayed');
  }

  /** Step 5: what others decided since the flow began. */
  private async askOwners(session: ConnectSessionEntity, actor: Actor): Promise<void> {
    const [person, connection] = await Promise.all([
      this.people.get(session.personId),
      this.directory.byId(session.connectionId, session.clientId),
    ]);
    const problem =
      !person || person.blocked ? 'person_unavailable' : isUsable(connection) ? null : 'connection_unavailable';
    if (!problem) return;
    await this.fail(session, 'provider_error', problem, actor);
    throw new ConnectSessionNotFoundError();
  }

  /** Step 6. No transaction is open, and it is not cut off when the caller goes away. */
  private async redeem(session: ConnectSessionEntity, actor: Actor): Promise<Redeemed> {
    try {
      return await this.vault.redeem({
        sessionId: session.id,
        personId: session.personId,
        userId: session.userId,
        clientId: session.clientId,
        connectionId: session.connectionId,
        codeBox: session.codeBox!,
        verifierBox: session.verifierBox,
        redirectUri: this.accounts.providerRedirectUri(session),
        nonce: session.nonce,
        scopesAsked: session.scopesAsked,
        captured: session.captured,
        params: session.params,
        queryBox: session.queryBox,
        codeReceiver: session.codeReceiver,
        pinnedAccountId: session.pinnedAccountId,
      });
    } catch (error) {
      const code = error instanceof VaultError ? error.code : '';
      if (code === 'identity_pending')
        await this.sessions.step(
          'completing',
          { sql: 'id = :id', values: { id: session.id } },
          { pending: true, completingAt: () => 'clock_timestamp()' },
        );
      else if (Object.hasOwn(FINAL, code)) await this.fail(session, FINAL[code]!, code, actor);
      throw error;
    }
  }

  private async fail(
    session: ConnectSessionEntity,
    reason: FailureReason,
    code: string | null,
    actor: Actor,
  ): Promise<void> {
    await this.sessions.end(session, { to: 'failed', reason, code: eventCode(code), actor });
  }
}

/** Step 4: the member that does not belong to the session, if any. */
function wrongMember(session: ConnectSessionEntity, caller: Person, body: CompleteBody): string | null {
  if (!matches(body.connect_code, session.connectCodeHash)) return 'connect_code';
  if (body.redirect_uri !== session.redirectUri) return 'redirect_uri';
  const challenge = body.code_verifier === undefined ? null : challengeOf(body.code_verifier);
  if ((challenge === null) !== (session.codeChallenge === null)) return 'code_verifier';
  if (challenge !== null && !isSame(challenge, session.codeChallenge!)) return 'code_verifier';
  return caller.jkt === session.jkt ? null : 'dpop';
}
