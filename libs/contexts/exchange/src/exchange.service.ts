import { Inject, Injectable } from '@nestjs/common';
import {
  type ConnectionView,
  exchangeFailed,
  exchangeSucceeded,
  type IssuedToken,
  type Subject,
  SubjectTokens,
  TokenVault,
  type WorkerRights,
} from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import type { Allowance } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import { type Facts, NOTHING_KNOWN, refusalRow, successRow } from './audit-rows.js';
import { boundedScopes, demandWithinPolicy, inWordsOfPolicy, spelledOut, withinPolicy } from './client-policy.js';
import { ConnectionNotAvailableError, VaultOffError } from './exchange.errors.js';
import { demandLeft, ExchangeRate } from './exchange-rate.js';
import { ExchangeRecords } from './exchange-records.js';
import type { ExchangeRequest } from './exchange.request.js';
import { RateRefusals } from './rate-refusals.js';
import { explained } from './refusal.js';
import { RememberedConnections } from './remembered-connections.js';
import { RememberedSubjects } from './remembered-subjects.js';
import { demandWithin, grantedScopes } from './worker-grant.js';

/** How the request reached us; part of the client's authentication. */
export interface Channel {
  authorization: string | null;
  dpop: string | null;
  ip: string | null;
  /** PEM. */
  certificate: string | null;
  /** Absent: `/oauth/token`. */
  path?: string;
}

/** `spec/wire-contract.md` §1.7. */
export interface ExchangeAnswer {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  scope: string;
  issued_token_type: string;
}

/** Is told what is left of a client's rate, where it has one, as soon as that is known. */
export type Shown = (left: Allowance) => void;

/** Steps 3 to 13 of `spec/wire-contract.md` §1.3. */
@Injectable()
export class ExchangeService {
  constructor(
    private readonly subjectTokens: SubjectTokens,
    private readonly vault: TokenVault,
    private readonly connections: RememberedConnections,
    private readonly subjects: RememberedSubjects,
    private readonly records: ExchangeRecords,
    private readonly rate: ExchangeRate,
    private readonly rateRefusals: RateRefusals,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Answers only after the audit row is durable; every refusal is recorded too. */
  async exchange(request: ExchangeRequest, channel: Channel, shown: Shown): Promise<ExchangeAnswer> {
    const facts: Facts = { ...NOTHING_KNOWN };
    let issued: IssuedToken;
    try {
      issued = await this.issue(request, channel, { facts, shown });
    } catch (error) {
      const refusal = explained(error, { connection: facts.connection, grantType: request.grantType });
      await this.recordRefusal(refusal, request, channel, facts);
      throw refusal;
    }
    await this.records.add(exchangeSucceeded, (exchangeId) => ({
      exchangeId,
      ...successRow(issued, request, facts.subject!, channel.ip),
    }));
    return {
      access_token: issued.accessToken,
      token_type: 'Bearer',
      expires_in: issued.expiresIn,
      scope: issued.scopes.join(' '),
      issued_token_type: request.requestedTokenType,
    };
  }

  private async issue(
    request: ExchangeRequest,
    channel: Channel,
    { facts, shown }: { facts: Facts; shown: Shown },
  ): Promise<IssuedToken> {
    const remembered = this.subjects.get(request.subjectToken);
    const [subject, early] = await Promise.all([
      this.subjectTokens.validate({ ...request, ...channel }),
      remembered && this.lookAhead(remembered, request),
    ]);
    facts.subject = subject;
    if (!subject.worker) this.subjects.set(request.subjectToken, subject); // what a worker signs comes once

    const perMinute = subject.policy?.exchangesPerMinute;
    if (perMinute) await this.spend(subject.clientId, perMinute, shown);
    const connection = await this.connections.byName(request.connection, subject.clientId);
    if (!connection?.enabledForClient) throw new ConnectionNotAvailableError();
    facts.connection = connection;
    if (!connection.vaultActive) throw new VaultOffError();
    const policy = spelledOut(subject.policy, connection);
    if (policy) demandWithinPolicy(policy, connection.name, request.scopes);

    // The look ahead was made for whom the token led to last time; it counts only if that is still so.
    const isStillSo = remembered?.personId === subject.personId && remembered.clientId === subject.clientId;
    const issued = (isStillSo && early) || (await this.fromVault(subject, connection, request));
    if (!policy) return issued;
    facts.accountId = issued.accountId;
    return withinPolicy(policy, issued, request.scopes, (scopes) =>
      this.fromVault(subject, connection, { ...request, scopes }),
    );
  }

  private async spend(clientId: string, perMinute: number, shown: Shown): Promise<void> {
    const left = await this.rate.spend(clientId, perMinute);
    shown(left);
    demandLeft(left);
  }

  private async fromVault(
    subject: Subject,
    connection: ConnectionView,
    request: ExchangeRequest,
  ): Promise<IssuedToken> {
    if (subject.worker) return this.issueToWorker(subject, subject.worker, connection, request);
    return (await this.vault.accessToken(this.wanted(subject, connection, request, true)))!;
  }

  private async issueToWorker(
    subject: Subject,
    worker: WorkerRights,
    connection: ConnectionView,
    request: ExchangeRequest,
  ): Promise<IssuedToken> {
    const listed = grantedScopes(worker, connection.name, request.scopes);
    const scopes = boundedScopes(spelledOut(subject.policy, connection), listed);
    const issuing = this.vault.accessToken(this.wanted(subject, connection, { ...request, scopes }, true));
    const issued = (await (scopes?.length === listed?.length ? issuing : issuing.catch(inWordsOfPolicy)))!;
    demandWithin(worker, connection.name, issued);
    return issued;
  }

  /**
   * Reads the tokenset while `identity` is still deciding. Nothing is refreshed and nothing written, and whatever
   * goes wrong here is met again, and reported, on the ordinary way.
   */
  private async lookAhead(hint: Subject, request: ExchangeRequest): Promise<IssuedToken | null> {
    try {
      const connection = await this.connections.byName(request.connection, hint.clientId);
      if (!connection?.enabledForClient || !connection.vaultActive) return null;
      const policy = spelledOut(hint.policy, connection);
      if (policy) demandWithinPolicy(policy, connection.name, request.scopes);
      return await this.vault.accessToken(this.wanted(hint, connection, request, false));
    } catch {
      return null;
    }
  }

  private wanted(subject: Subject, connection: ConnectionView, request: ExchangeRequest, mayRefresh: boolean) {
    return {
      personId: subject.personId,
      clientId: subject.clientId,
      connectionId: connection.connectionId,
      hint: request.loginHint,
      scopes: request.scopes,
      minimumSeconds: request.minimumSeconds,
      mayRefresh,
    };
  }

  private async recordRefusal(refusal: VaultError, request: ExchangeRequest | null, channel: Channel, facts: Facts) {
    const row = refusalRow(refusal, request, facts, channel.ip);
    if (refusal.code === 'too_many_requests') return this.rateRefusals.add(row, facts.subject !== null);
    await this.records
      .add(exchangeFailed, (exchangeId) => ({ exchangeId, ...row }))
      // A refusal hands nothing out: it stands, recorded or not.
      .catch((error: unknown) => this.logger.warn({ err: error, refused: refusal.code }, 'a refusal was not recorded'));
  }

  /** A request that was refused before it could be understood. */
  async recordMalformed(refusal: VaultError, channel: Channel): Promise<void> {
    await this.recordRefusal(refusal, null, channel, NOTHING_KNOWN);
  }
}
