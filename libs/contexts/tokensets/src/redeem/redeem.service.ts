import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import { People, type Redeemed, type RedeemRequest } from '@strongroom/contracts';
import { LOGGER, type Logger } from '@strongroom/observability';
import { codeReceiver, type ProviderError, type ProviderTokens, type ResolvedProvider } from '@strongroom/providers';
import { broughtBy, storableScopes } from '../brought.js';
import { Connections } from '../connections.js';
import { Introspection } from '../introspection.js';
import type { CallAnswer } from '../limits/breaker.js';
import { type Admission, RefreshLimits } from '../limits/refresh-limits.js';
import { ProviderClient } from '../provider-client.js';
import { Flights } from '../refresh/flights.js';
import { ProcessWorld } from '../refresh/refresh-world.js';
import { spillIfPossible } from '../refresh/spill-if-possible.js';
import {
  AccountConflictError,
  IdentityPendingError,
  MissingUserIdError,
  RedeemGoesOnError,
  RedeemMisconfiguredError,
  RedeemRefusedError,
  RedeemUnavailableError,
  RedeemWaitsError,
} from '../tokensets.errors.js';
import { LAST_WRITE_MS, TokensetsSettings } from '../tokensets.options.js';
import { Revocations } from '../revocation/revocations.js';
import { TokensetsService } from '../tokensets.service.js';
import { untilDurable } from '../until-durable.js';
import { AccountReader } from './account-reader.js';
import { RedeemJournal, type StoredRedeem } from './redeem-journal.js';
import { type OpenedSecrets, RedeemSecrets } from './redeem-secrets.js';
import {
  type AskedRedeem,
  type PendingTokens,
  type ProviderAccount,
  type Redeem,
  type RefusalCode,
  SessionTakenError,
} from './redeem.types.js';
import { TokensetStore } from './tokenset-store.js';

/** Errors that end a session for good; the same call again is answered the same. */
const REFUSALS = { RedeemRefusedError, MissingUserIdError, AccountConflictError };
const byCode: Record<RefusalCode, new () => Error> = {
  redeem_refused: RedeemRefusedError,
  missing_user_id: MissingUserIdError,
  account_conflict: AccountConflictError,
  provider_unavailable: RedeemUnavailableError,
  connection_misconfigured: RedeemMisconfiguredError,
};

/** What `finish` may end with; anything else is a failure on our side. */
const ANSWERS = [...Object.values(REFUSALS), RedeemUnavailableError, IdentityPendingError, RedeemGoesOnError];

/** A provider's code becomes a tokenset: `spec/connect-flow.md` §4.6, step 6. */
@Injectable()
export class RedeemService implements BeforeApplicationShutdown {
  private readonly flights = new Flights<Redeemed>();

  constructor(
    private readonly world: ProcessWorld,
    private readonly limits: RefreshLimits,
    private readonly connections: Connections,
    private readonly secrets: RedeemSecrets,
    private readonly client: ProviderClient,
    private readonly introspection: Introspection,
    private readonly accounts: AccountReader,
    private readonly journal: RedeemJournal,
    private readonly store: TokensetStore,
    private readonly people: People,
    private readonly tokensets: TokensetsService,
    private readonly revocations: Revocations,
    private readonly settings: TokensetsSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  redeem(request: RedeemRequest): Promise<Redeemed> {
    return this.flights.join(
      request.sessionId,
      () => this.run(request),
      () => new RedeemUnavailableError(),
    );
  }

  async redeemed(sessionId: string): Promise<Redeemed | null> {
    const stored = await this.journal.ledTo(sessionId);
    if (stored) return (await this.erasedOrphan(stored)) ? null : stored.outcome;
    const isUnderWay = this.flights.has(sessionId) || (await this.goesOn(sessionId));
    if (isUnderWay || (await this.journal.isAwaited(sessionId))) throw new RedeemGoesOnError();
    return null;
  }

  abandon(session: { sessionId: string; personId: string }): Promise<boolean> {
    return this.journal.abandon(session);
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { patienceMs } = this.settings;
    const patience = setTimeout(() => this.world.giveUp(), patienceMs).unref();
    await this.flights.close(patienceMs + LAST_WRITE_MS);
    clearTimeout(patience);
  }

  /** What came for the code is stored now, if whoever asked for it left it here and nothing speaks against it. */
  private async goesOn(sessionId: string): Promise<boolean> {
    const left = await this.journal.leftBehind(sessionId);
    const request = left?.tokens.asked;
    if (!left || !request) return false;
    const [person, connection] = await Promise.all([
      this.people.get(request.personId),
      this.connections.now(request.connectionId),
    ]);
    const expected = connection?.expecting({ user: request.params, callback: request.captured });
    if (!person || person.blocked || !connection?.view.vaultActive) return false;
    // Its account would be asked for elsewhere, with a token that is not for there.
    if (expected?.provider.tokenOrigin !== left.tokenOrigin) return false;
    const finish = () => this.finish({ request, connection, ...expected }, left.tokens);
    void this.flights.join(sessionId, finish, () => new RedeemGoesOnError()).catch(() => undefined);
    return true;
  }

  private async run(request: RedeemRequest): Promise<Redeemed> {
    const connection = await this.connections.now(request.connectionId);
    const expected = connection?.expecting({ user: request.params, callback: request.captured });
    if (!connection || !expected) {
      const stored = await this.journal.ledTo(request.sessionId);
      if (stored) await this.erasedOrphan(stored); // nobody owns it any more
      throw new RedeemUnavailableError(new Error('the connection cannot be used'));
    }
    const redeem = { request, connection, ...expected };
    if (await this.journal.read(this.place(redeem), request.personId)) return this.resume(redeem);
    // Whoever moved the endpoint since the person agreed does not get the code (`spec/threats.md` C3).
    if (request.codeReceiver !== null && request.codeReceiver !== codeReceiver(redeem.provider))
      throw new RedeemRefusedError();
    // Everything that can fail without the provider comes before the code is spent.
    const secrets = await this.secrets.open(request, redeem.provider);
    const sent = await this.sent(request, redeem.provider, secrets);
    return sent ? this.keep(redeem, sent) : this.resume(redeem);
  }

  /** Undefined: the session was here before, and its code is not sent again. */
  private async sent(
    request: RedeemRequest,
    provider: ResolvedProvider,
    secrets: OpenedSecrets,
  ): Promise<Sent | undefined> {
    const admission = await this.admitted(provider);
    let heard: CallAnswer = { class: 'none', retryAfter: null };
    try {
      const now = await this.journal.begin(request);
      if (!now) return undefined;
      const answer = await this.client.token(provider, {
        phase: 'exchange',
        input: { ...secrets, redirectUri: request.redirectUri },
        scopes: request.scopesAsked,
        now,
      });
      heard = heardOf(answer);
      return { answer, now };
    } finally {
      admission.end(heard);
    }
  }

  /** @throws RedeemWaitsError while the provider is not to be called: the code is not spent then */
  private async admitted({ connectionId, tokenOrigin, entry }: ResolvedProvider): Promise<Admission> {
    const host = { connectionId, tokenOrigin, budgetPerSecond: entry.rateLimit.budgetPerSecond ?? null };
    const admission = await this.limits.admit(host, { background: false, waitMs: this.settings.refreshWaitMs });
    if ('state' in admission) throw new RedeemWaitsError(admission.retryAfterSeconds);
    return admission;
  }

  private async keep(redeem: Redeem, { answer, now }: Sent): Promise<Redeemed> {
    const { request, provider } = redeem;
    if (answer.outcome === 'error') throw await this.refused(request, refusalOf(answer));
    const tokens = {
      ...answer,
      scopes: storableScopes(answer.scopes),
      brought: broughtBy(provider, answer),
      issuedAt: now,
    };
    await this.keepPending(redeem, tokens);
    return this.finish(redeem, tokens);
  }

  /** Before anything else is tried: the code is spent, and this is the only copy. */
  private async keepPending(redeem: Redeem, tokens: PendingTokens): Promise<void> {
    const record = await untilDurable(this.world, 'redeemed tokens not sealed yet', () =>
      Promise.resolve().then(() => this.journal.sealed(this.place(redeem), tokens, redeem.request)),
    );
    const spilled = { redeem: { id: randomUUID(), ...record } };
    await spillIfPossible(this.world, spilled);
    try {
      await untilDurable(this.world, 'redeemed tokens not stored yet', () => this.journal.keepPending(record));
      await this.world.spill.remove(spilled.redeem.id);
    } finally {
      this.world.spill.release(spilled.redeem.id);
    }
  }

  /** The session was here before: its code is not sent again, whatever has become of it. */
  private async resume(redeem: Redeem): Promise<Redeemed> {
    for (;;) {
      const known = await this.journal.read(this.place(redeem), redeem.request.personId);
      if (!known) throw new RedeemRefusedError();
      if (known.state === 'stored' && known.outcome) return this.owned(redeem.request, known.outcome);
      if (known.state === 'refused') throw new byCode[known.code]();
      if (known.state === 'pending' && known.tokens) return this.finish(redeem, known.tokens);
      if (known.state !== 'sent') throw new RedeemUnavailableError();
      if (!known.isRunning) throw known.isAwaited ? new RedeemGoesOnError() : new RedeemUnavailableError();
      await sleep(100);
    }
  }

  /**
   * Whatever fails until they are stored, the tokens are sealed: the caller is told to repeat the call, which goes on with
   * them. What fails afterwards does not say that they wait, for then they would be let go with their session.
   */
  private async finish(redeem: Redeem, tokens: PendingTokens): Promise<Redeemed> {
    let outcome: Redeemed;
    try {
      outcome = await this.conclude(redeem, tokens);
    } catch (error) {
      if (ANSWERS.some((answer) => error instanceof answer)) throw error;
      if (error instanceof SessionTakenError) return this.resume(redeem);
      this.logger.error({ err: error }, 'redeem not finished yet');
      throw new IdentityPendingError(error);
    }
    return this.owned(redeem.request, outcome);
  }

  private async conclude(redeem: Redeem, tokens: PendingTokens): Promise<Redeemed> {
    const { request, connection } = redeem;
    let account: ProviderAccount | undefined;
    try {
      account = await this.accounts.read(redeem, tokens);
      if (account.subject === '' && !connection.view.allowMissingUserId) throw new MissingUserIdError();
      const expiresAt = await this.expiryOf(account.provider, tokens);
      return await this.store.store({ redeem, tokens: { ...tokens, expiresAt }, account });
    } catch (error) {
      // The only refusal that knows whose account it is, and so whether somebody else here holds it.
      if (error instanceof AccountConflictError && account) await this.revocations.takeErased(redeem, tokens, account);
      const isFinal = Object.values(REFUSALS).some((refusal) => error instanceof refusal);
      if (isFinal) await this.journal.refuse(request.sessionId, (error as { code: string }).code as RefusalCode);
      throw error;
    }
  }

  private async expiryOf(provider: ResolvedProvider, tokens: PendingTokens): Promise<Date | null> {
    if (tokens.saysLifetime || provider.entry.tokenResponse.noExpiry !== 'introspect') return tokens.expiresAt;
    const { accessToken, issuedAt } = tokens;
    const clientSecret = await this.connections.clientSecret(provider.connectionId);
    const told = await this.introspection.expiryOf(provider, { accessToken, clientSecret, issuedAt });
    return told === undefined ? tokens.expiresAt : told;
  }

  private async owned({ personId, connectionId }: AskedRedeem, outcome: Redeemed): Promise<Redeemed> {
    if (await this.erasedOrphan({ outcome, personId, connectionId })) throw new RedeemRefusedError();
    return outcome;
  }

  /**
   * Person or connection may have been deleted while the provider answered: that event found nothing to erase. One
   * that is deleted after this question finds the row.
   */
  private async erasedOrphan({ outcome: { tokensetId }, personId, connectionId }: StoredRedeem): Promise<boolean> {
    const [person, connection] = await Promise.all([this.people.get(personId), this.connections.now(connectionId)]);
    if (person && connection) return false;
    const reason = person ? 'connection_deleted' : 'user_deleted';
    await this.tokensets.delete({ personId, tokensetId }, reason, { kind: 'system' });
    return true;
  }

  private async refused(request: AskedRedeem, code: RefusalCode): Promise<Error> {
    await this.journal.refuse(request.sessionId, code);
    return new byCode[code]();
  }

  private place({ request, provider }: Redeem) {
    return {
      sessionId: request.sessionId,
      connectionId: request.connectionId,
      tokenOrigin: provider.tokenOrigin,
    };
  }
}

interface Sent {
  answer: ProviderTokens | ProviderError;
  /** Database time before the send. */
  now: Date;
}

/** What the answer to a code says of its provider. What it says of our client may be true of codes alone. */
const heardOf = (answer: ProviderTokens | ProviderError): CallAnswer =>
  answer.outcome === 'tokens'
    ? { class: 'ok', retryAfter: null }
    : { class: answer.class === 'client_config' ? 'none' : answer.class, retryAfter: answer.retryAfter };

/** No answer, an outage or our own fault: begin again. Our client is not taken: mend it. Anything else is the provider's no. */
function refusalOf({ class: kind }: ProviderError): RefusalCode {
  if (kind === 'client_config') return 'connection_misconfigured';
  return ['retry', 'rate_limited', 'malformed', 'bug'].includes(kind) ? 'provider_unavailable' : 'redeem_refused';
}
