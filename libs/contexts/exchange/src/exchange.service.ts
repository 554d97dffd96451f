import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  type Actor,
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
import { PublicUrl } from '@strongroom/http';
import { LOGGER, type Logger } from '@strongroom/observability';
import { ConnectionNotAvailableError, VaultOffError } from './exchange.errors.js';
import { ExchangeRecords } from './exchange-records.js';
import type { ExchangeRequest } from './exchange.request.js';
import { explained, reasonOf } from './refusal.js';
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
}

/** `spec/wire-contract.md` §1.7. */
export interface ExchangeAnswer {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  scope: string;
  issued_token_type: string;
}

/** The facts of an exchange, gathered step by step, for its audit row. */
interface Facts {
  subject: Subject | null;
  connection: ConnectionView | null;
}

/** Steps 3 to 13 of `spec/wire-contract.md` §1.3. */
@Injectable()
export class ExchangeService {
  constructor(
    private readonly subjectTokens: SubjectTokens,
    private readonly vault: TokenVault,
    private readonly connections: RememberedConnections,
    private readonly subjects: RememberedSubjects,
    private readonly records: ExchangeRecords,
    private readonly publicUrl: PublicUrl,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Answers only after the audit row is durable; every refusal is recorded too. */
  async exchange(grantType: string, request: ExchangeRequest, channel: Channel): Promise<ExchangeAnswer> {
    const facts: Facts = { subject: null, connection: null };
    let issued: IssuedToken;
    try {
      issued = await this.issue(grantType, request, channel, facts);
    } catch (error) {
      const refusal = explained(error, facts.connection, this.publicUrl);
      await this.recordRefusal(refusal, request, channel, facts);
      throw refusal;
    }
    await this.recordSuccess(issued, request, channel, facts.subject!);
    return {
      access_token: issued.accessToken,
      token_type: 'Bearer',
      expires_in: issued.expiresIn,
      scope: issued.scopes.join(' '),
      issued_token_type: request.requestedTokenType,
    };
  }

  private async issue(
    grantType: string,
    request: ExchangeRequest,
    channel: Channel,
    facts: Facts,
  ): Promise<IssuedToken> {
    const remembered = this.subjects.get(request.subjectToken);
    const [subject, early] = await Promise.all([
      this.subjectTokens.validate({ grantType, ...request, ...channel }),
      remembered && this.lookAhead(remembered, request),
    ]);
    facts.subject = subject;
    if (!subject.worker) this.subjects.set(request.subjectToken, subject); // what a worker signs comes once

    const connection = await this.connections.byName(request.connection, subject.clientId);
    if (!connection?.enabledForClient) throw new ConnectionNotAvailableError();
    facts.connection = connection;
    if (!connection.vaultActive) throw new VaultOffError();

    // The look ahead was made for whom the token led to last time; it counts only if that is still so.
    if (early && remembered?.personId === subject.personId && remembered.clientId === subject.clientId) return early;
    if (subject.worker) return this.issueToWorker(subject, subject.worker, connection, request);
    return (await this.vault.accessToken(this.wanted(subject, connection, request, true)))!;
  }

  private async issueToWorker(
    subject: Subject,
    worker: WorkerRights,
    connection: ConnectionView,
    request: ExchangeRequest,
  ): Promise<IssuedToken> {
    const scopes = grantedScopes(worker, connection.name, request.scopes);
    const wanted = this.wanted(subject, connection, { ...request, scopes }, true);
    const issued = (await this.vault.accessToken(wanted))!;
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

  private recordSuccess(
    issued: IssuedToken,
    request: ExchangeRequest,
    channel: Channel,
    { worker, ...subject }: Subject,
  ) {
    return this.records.add(exchangeSucceeded, (exchangeId) => ({
      exchangeId,
      ...subject,
      connectionId: issued.connectionId,
      accountId: issued.accountId,
      tokensetId: issued.tokensetId,
      subjectTokenType: request.subjectTokenType,
      issuedTokenType: request.requestedTokenType.split('/').at(-1)!,
      scopes: issued.scopes,
      expiresAt: issued.expiresAt,
      tokenThumbprint: createHash('sha256').update(issued.accessToken).digest('base64url'),
      refreshed: issued.refreshed,
      privilegedWorker: worker !== undefined,
      auditContext: worker?.auditContext ?? null,
      ip: channel.ip,
      actor: by(subject.clientId),
    }));
  }

  private async recordRefusal(refusal: VaultError, request: ExchangeRequest | null, channel: Channel, facts: Facts) {
    // Each failure before it was written; these could go on for as long as somebody likes (`spec/threats.md` L4).
    if (refusal.code === 'too_many_requests') return;
    const audit = refusal.audit ?? {};
    const clientId = facts.subject?.clientId ?? audit['clientId'] ?? null;
    const account = refusal.details?.['account'] as { id?: string } | undefined;
    await this.records
      .add(exchangeFailed, (exchangeId) => ({
        exchangeId,
        clientId,
        personId: facts.subject?.personId ?? audit['personId'] ?? null,
        userId: facts.subject?.userId ?? audit['userId'] ?? null,
        connectionId: facts.connection?.connectionId ?? null,
        accountId: account?.id ?? null,
        subjectTokenType: request?.subjectTokenType ?? null,
        error: refusal.code,
        reason: reasonOf(refusal),
        privilegedWorker: request?.subjectTokenType === 'jwt',
        auditContext: facts.subject?.worker?.auditContext ?? audit['auditContext'] ?? null,
        ip: channel.ip,
        actor: by(clientId),
      }))
      // A refusal hands nothing out: it stands, recorded or not.
      .catch((error: unknown) => this.logger.warn({ err: error, refused: refusal.code }, 'a refusal was not recorded'));
  }

  /** A request that was refused before it could be understood. */
  async recordMalformed(refusal: VaultError, channel: Channel): Promise<void> {
    await this.recordRefusal(refusal, null, channel, { subject: null, connection: null });
  }
}

const by = (clientId: string | null): Actor =>
  clientId === null ? { kind: 'system' } : { kind: 'client', id: clientId };
