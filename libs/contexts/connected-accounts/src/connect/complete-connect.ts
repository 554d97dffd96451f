import { Injectable } from '@nestjs/common';
import { type Actor, ConnectionDirectory, People, type Redeemed, TokenVault } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { ValidationError } from '@strongroom/http';
import type { ConnectedAccountEntity } from '../accounts/connected-account.entity.js';
import type { Person } from '../caller.js';
import { ConnectSessionNotFoundError } from '../connected-accounts.errors.js';
import type { CompleteBody } from './connect.schema.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { ConnectSessions, type FailureReason } from './connect-sessions.js';
import { eventCode } from './provider-errors.js';
import { challengeOf, hashOf, isSame, matches } from './secrets.js';
import { StoreAccount } from './store-account.js';
import { isUsable } from './usable-connection.js';

/** Refusals of the vault that end the session. Any other error leaves open what happened; whoever comes next will ask. */
const FINAL: Record<string, FailureReason> = {
  redeem_refused: 'redeem_failed',
  missing_user_id: 'redeem_failed',
  provider_unavailable: 'redeem_failed',
  connection_misconfigured: 'redeem_failed',
  account_conflict: 'account_conflict',
};

interface Claimed {
  session: ConnectSessionEntity;
  /** An earlier call left without a verdict: the vault may hold tokens. */
  wasLeft: boolean;
  /** The vault holds tokens that wait for their account. */
  wasPending: boolean;
}

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
    const claimed = await this.claim(caller, body.auth_session);
    const { session } = claimed;
    const actor: Actor = { kind: 'user', id: caller.personId };
    const wrong = wrongMember(session, caller, body);
    if (wrong) {
      await this.spend(claimed, 'redeem_failed', `wrong_${wrong}`, actor);
      throw ValidationError.of('body', wrong, 'does not belong to this session, which is spent now');
    }
    try {
      await this.askOwners(claimed, actor);
      const account = await this.accounts.store(session, await this.redeem(session), actor);
      if (account) return account;
    } catch (error) {
      await this.leave(session, error, actor);
      throw error;
    }
    throw new ConnectSessionNotFoundError();
  }

  /** Step 3: exactly one of all racers goes on. One attempt, whatever the later checks say. */
  private async claim(caller: Person, authSession: string): Promise<Claimed> {
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
    const session = await this.sessions.step('code_held', where, claimed);
    if (session) return { session, wasLeft: false, wasPending: false };
    const waiting = { ...where, sql: `${where.sql} AND pending` };
    const pending = await this.sessions.step('completing', waiting, claimed);
    if (pending) return { session: pending, wasLeft: false, wasPending: true };
    const left = { ...where, sql: `${where.sql} AND completing_at IS NULL` };
    const again = await this.sessions.step('completing', left, claimed);
    if (again) return { session: again, wasLeft: true, wasPending: false };

    const found = await this.sessions.find({ authSessionHash });
    if (found) await this.refuse(found, caller);
    throw new ConnectSessionNotFoundError();
  }

  private async refuse(session: ConnectSessionEntity, caller: Person): Promise<void> {
    const isTheirs = session.personId === caller.personId && session.clientId === caller.clientId;
    const actor: Actor = { kind: 'user', id: caller.personId };
    if (session.state === 'code_held' && !session.isLive)
      await this.sessions.end(session, { to: 'expired', reason: 'expired', actor });
    else if (!isTheirs && (session.state === 'code_held' || session.pending)) {
      if (await this.mayEnd(session, session.pending)) await this.fail(session, 'user_mismatch', null, actor);
      else await this.sessions.refuse(session, 'user_mismatch');
    } else if (session.state === 'completing' || session.state === 'completed')
      await this.sessions.refuse(session, 'replayed');
  }

  /** Step 5: what others decided since the flow began. */
  private async askOwners(claimed: Claimed, actor: Actor): Promise<void> {
    const { session } = claimed;
    const [person, connection] = await Promise.all([
      this.people.get(session.personId),
      this.directory.byId(session.connectionId, session.clientId),
    ]);
    const problem =
      !person || person.blocked ? 'person_unavailable' : isUsable(connection) ? null : 'connection_unavailable';
    if (!problem) return;
    await this.spend(claimed, 'provider_error', problem, actor);
    throw new ConnectSessionNotFoundError();
  }

  /** Step 6. No transaction is open, and it is not cut off when the caller goes away. */
  private redeem(session: ConnectSessionEntity): Promise<Redeemed> {
    return this.vault.redeem({
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
  }

  /**
   * What ends the session ends it. After anything else the same call may come again: the vault sends no code twice, and
   * answers what has become of it. Nobody knows yet whether it holds tokens, unless it said so.
   */
  private async leave(session: ConnectSessionEntity, error: unknown, actor: Actor): Promise<void> {
    const code = error instanceof VaultError ? error.code : '';
    if (Object.hasOwn(FINAL, code)) return this.fail(session, FINAL[code]!, code, actor);
    const isPending = code === 'identity_pending';
    await this.sessions.step(
      'completing',
      { sql: 'id = :id', values: { id: session.id } },
      isPending
        ? { pending: true, completingAt: () => 'clock_timestamp()' }
        : { completingAt: null, leftAt: () => 'clock_timestamp()' },
    );
  }

  /** There is no second attempt. Where the vault may hold tokens, the sweep asks it first, and shows those it has. */
  private async spend(
    { session, wasLeft, wasPending }: Claimed,
    reason: FailureReason,
    code: string,
    actor: Actor,
  ): Promise<void> {
    if (!wasLeft && (await this.mayEnd(session, wasPending))) await this.fail(session, reason, code, actor);
  }

  /** What waits in the vault is erased. False: it was stored after all, and no account would show it. */
  private async mayEnd({ id, personId }: ConnectSessionEntity, isPending: boolean): Promise<boolean> {
    return !isPending || this.vault.abandon({ sessionId: id, personId });
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
