import { Injectable } from '@nestjs/common';
import { type CallbackRefusal, Catalogue, readCallback, type ResolvedProvider } from '@strongroom/providers';
import type { BrowserAnswer } from './browser-answer.js';
import { answerRefusedPage } from './connect-pages.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { ConnectSessions, type FailureReason } from './connect-sessions.js';
import { ConsentForm } from './consent-form.js';
import { FlowCookies, flowKey } from './flow-cookies.js';
import { callbackParams } from './flow-params.js';
import { HoldCode, type HeldCallback } from './hold-code.js';
import { appErrorOf, eventCode } from './provider-errors.js';
import { hashOf, matches } from './secrets.js';
import { WayBack } from './way-back.js';

const REFUSALS: Record<CallbackRefusal, FailureReason> = {
  duplicate_parameter: 'state_mismatch',
  iss_missing: 'issuer_mismatch',
  iss_mismatch: 'issuer_mismatch',
  code_malformed: 'provider_error',
};

const refused = (): BrowserAnswer => ({ status: 400, page: answerRefusedPage() });

/**
 * What a provider sends a browser back with, `spec/connect-flow.md` §4.5. The code is sealed and kept; the provider's
 * token endpoint hears nothing before `complete`.
 */
@Injectable()
export class ProviderCallback {
  constructor(
    private readonly sessions: ConnectSessions,
    private readonly consent: ConsentForm,
    private readonly wayBack: WayBack,
    private readonly codes: HoldCode,
    private readonly cookies: FlowCookies,
    private readonly catalogue: Catalogue,
  ) {}

  /** The session decides what is meant; everything in the URL is only compared with it. */
  async receive(
    connectionName: string,
    query: Record<string, unknown>,
    cookieHeader: string | undefined,
  ): Promise<BrowserAnswer> {
    const state = query['state'];
    const session = typeof state === 'string' ? await this.sessions.find({ stateHash: hashOf(state) }) : null;
    if (!session) return refused();
    if (!matches(this.cookies.read(cookieHeader, 'connect', flowKey(session.id)), session.cookieHash)) {
      await this.sessions.refuse(session, 'state_mismatch'); // a stranger must not be able to end it
      return refused();
    }
    if (session.state === 'expired' || (session.state === 'at_provider' && !session.isLive))
      return this.tooLate(session);
    if (session.state !== 'at_provider') {
      await this.sessions.refuse(session, 'state_mismatch'); // the first answer stands
      return refused();
    }
    if (connectionName !== session.connectionName) return this.fail(session, 'state_mismatch', 'wrong_connection');

    const allowed = await this.consent.allowed(session);
    if (!('connection' in allowed)) return allowed;
    const provider = this.catalogue.resolve(allowed.connection, session.params);
    const answer = readCallback(provider, query);
    if (answer.outcome === 'refused') return this.fail(session, REFUSALS[answer.reason], answer.reason);
    if (answer.outcome === 'code') {
      const values = query as Record<string, string>;
      const params = callbackParams(provider.entry, values);
      if (!params) return this.fail(session, 'provider_error', 'param_malformed');
      return this.hold(session, provider, { ...answer, params: { ...session.params, ...params }, query: values });
    }

    const denied = answer.class === 'user_denied';
    return this.wayBack.end(
      session,
      {
        to: denied ? 'denied' : 'failed',
        reason: denied ? 'denied' : 'provider_error',
        code: eventCode(answer.code),
        actor: { kind: 'user', id: session.personId },
      },
      appErrorOf(answer),
    );
  }

  private async hold(
    session: ConnectSessionEntity,
    provider: ResolvedProvider,
    callback: HeldCallback,
  ): Promise<BrowserAnswer> {
    if (!(await this.wayBack.isOpen(session))) return this.wayBack.closed(session);
    const kept = await this.codes.hold(session, provider, callback);
    return kept ? this.wayBack.to(kept.held, { connect_code: kept.connectCode }) : refused();
  }

  private async tooLate(session: ConnectSessionEntity): Promise<BrowserAnswer> {
    const open = await this.wayBack.isOpen(session);
    await this.sessions.end(session, {
      to: 'expired',
      reason: 'expired',
      actor: { kind: 'user', id: session.personId },
    });
    return open
      ? this.wayBack.to(session, {
          error: 'invalid_request',
          error_description: 'The session expired, begin again.',
        })
      : refused();
  }

  private async fail(session: ConnectSessionEntity, reason: FailureReason, code: string): Promise<BrowserAnswer> {
    await this.sessions.end(session, { to: 'failed', reason, code: eventCode(code), actor: { kind: 'system' } });
    return { ...refused(), cookies: this.wayBack.cleared(session) };
  }
}
