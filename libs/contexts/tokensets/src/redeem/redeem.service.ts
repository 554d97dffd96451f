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
import {
  AccountConflictError,
  IdentityPendingError,
  MissingUserIdError,
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
import type { PendingTokens, ProviderAccount, Redeem, RefusalCode } from './redeem.types.js';
import { TokensetStore } from './tokenset-store.js';

/** Errors that end a session for good; the same call again is answered the same. */
const REFUSALS = { RedeemRefusedError, MissingUserIdError, AccountConflictError };
const byCode: Record<RefusalCode, new () => Error> = {
  redeem_refused: RedeemRefusedError,
  missing_user_id: MissingUserIdError,
  account_conflict: AccountConflictError,
  provider_unavailable: RedeemUnavailableError,
};

/** What `finish` may end with; anything else is a failure on our side. */
const ANSWERS = [...Object.values(REFUSALS), RedeemUnavailableError, IdentityPendingError];

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
    const stored = await this.journal.stored(sessionId);
    return stored && !(await this.erasedOrphan(stored)) ? stored.outcome : null;
  }

  async beforeApplicationShutdown(): Promise<void> {
    const { patienceMs } = this.settings;
    const patience = setTimeout(() => this.world.giveUp(), patienceMs).unref();
    await this.flights.close(patienceMs + LAST_WRITE_MS);
    clearTimeout(patience);
  }

  private async run(request: RedeemRequest): Promise<Redeemed> {
    const connection = await this.connections.now(request.connectionId);
    const expected = connection?.expecting({ user: request.params, callback: request.captured });
    if (!connection || !expected) {
      await this.redeemed(request.sessionId); // what an earlier call stored goes if nobody owns it any more
      throw new RedeemUnavailableError(new Error('the connection cannot be used'));
    }
    const redeem = { request, connection, ...expected };
    if (await this.journal.read(this.place(redeem), request.personId)) return this.resume(redeem);
    // Whoever moved the endpoint since the person agreed does not get the code (`spec/threats.md` C3).
    if (request.codeReceiver !== null && request.codeReceiver !== codeReceiver(redeem.provider))
      throw new RedeemRefusedError();
    // Everything that can fail without the provider comes before the code is spent.
    const secrets = await this.secrets.open(request, redeem.provider);
    const sent = await this.sent(redeem, secrets);
    return sent ? this.keep(redeem, sent) : this.resume(redeem);
  }

  /** Undefined: the session was here before, and its code is not sent again. */
  private async sent({ request, provider }: Redeem, secrets: OpenedSecrets): Promise<Sent | undefined> {
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
    // Sealed before anything else is tried: the code is spent, and this is the only copy.
    await untilDurable(this.world, 'redeemed tokens not stored yet', () =>
      this.journal.keepPending(this.place(redeem), tokens),
    );
    return this.finish(redeem, tokens);
  }

  /** The session was here before: its code is not sent again, whatever has become of it. */
  private async resume(redeem: Redeem): Promise<Redeemed> {
    for (;;) {
      const known = await this.journal.read(this.place(redeem), redeem.request.personId);
      if (!known) throw new RedeemRefusedError();
      if (known.state === 'stored' && known.outcome) return this.owned(redeem.request, known.outcome);
      if (known.state === 'refused') throw new byCode[known.code]();
      if (known.state === 'pending' && known.tokens) return this.finish(redeem, known.tokens);
      if (known.state !== 'sent' || !known.isRunning) throw new RedeemUnavailableError();
      await sleep(100);
    }
  }

  /** Whatever fails from here on, the tokens are sealed: the caller is told to repeat the call, which goes on with them. */
  private async finish(redeem: Redeem, tokens: PendingTokens): Promise<Redeemed> {
    try {
      return await this.conclude(redeem, tokens);
    } catch (error) {
      if (ANSWERS.some((answer) => error instanceof answer)) throw error;
      this.logger.error({ err: error }, 'redeem not finished yet');
      throw new IdentityPendingError(error);
    }
  }

  private async conclude(redeem: Redeem, tokens: PendingTokens): Promise<Redeemed> {
    const { request, connection } = redeem;
    let account: ProviderAccount | undefined;
    try {
      account = await this.accounts.read(redeem, tokens);
      if (account.subject === '' && !connection.view.allowMissingUserId) throw new MissingUserIdError();
      const expiresAt = await this.expiryOf(account.provider, tokens);
      const incoming = { redeem, tokens: { ...tokens, expiresAt }, account };
      return await this.owned(request, await this.store.store(incoming));
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

  private async owned({ personId, connectionId }: RedeemRequest, outcome: Redeemed): Promise<Redeemed> {
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

  private async refused(request: RedeemRequest, code: RefusalCode): Promise<Error> {
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

/** No answer, an outage or our own fault: begin again. Anything else is the provider's no. */
const refusalOf = (answer: ProviderError): RefusalCode =>
  ['retry', 'rate_limited', 'malformed', 'client_config', 'bug'].includes(answer.class)
    ? 'provider_unavailable'
    : 'redeem_refused';
