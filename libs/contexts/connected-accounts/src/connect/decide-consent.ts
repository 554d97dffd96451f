import { Injectable } from '@nestjs/common';
import type { ConnectionView } from '@strongroom/contracts';
import { FormRefusedError, RequestNotTakenError } from '../connected-accounts.errors.js';
import type { BrowserAnswer } from './browser-answer.js';
import { linkNotValidPage, providerRefusedPage } from './connect-pages.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { ConnectSessions } from './connect-sessions.js';
import { ConsentForm, csrfField } from './consent-form.js';
import { FlowCookies, flowKey } from './flow-cookies.js';
import { eventCode } from './provider-errors.js';
import { ProviderRequests } from './provider-request.js';
import { hashOf, isSame, matches } from './secrets.js';
import { WayBack } from './way-back.js';

export interface ConsentPost {
  cookieHeader: string | undefined;
  fetchSite: string | undefined;
  csrf: string;
  action: string;
}

/** What the person answered on the consent page, `spec/connect-flow.md` §4.3 and §4.4. */
@Injectable()
export class DecideConsent {
  constructor(
    private readonly sessions: ConnectSessions,
    private readonly consent: ConsentForm,
    private readonly requests: ProviderRequests,
    private readonly wayBack: WayBack,
    private readonly cookies: FlowCookies,
  ) {}

  async decide(post: ConsentPost): Promise<BrowserAnswer> {
    const session = await this.sessionOf(post);
    if (!session.isLive || session.state !== 'opened') return { status: 400, page: linkNotValidPage() };
    const actor = { kind: 'user', id: session.personId } as const;
    if (post.action !== 'accept')
      return this.wayBack.end(
        session,
        { to: 'denied', reason: 'denied', actor },
        { error: 'access_denied', description: 'The person did not agree to connect the account.' },
      );

    const allowed = await this.consent.allowed(session);
    if (!('connection' in allowed)) return allowed;
    if (!(await this.wayBack.isOpen(session))) return this.wayBack.closed(session);
    try {
      return await this.send(session, allowed.connection);
    } catch (error) {
      if (error instanceof RequestNotTakenError) return this.notTaken(session, error);
      throw error;
    }
  }

  private async send(session: ConnectSessionEntity, connection: ConnectionView): Promise<BrowserAnswer> {
    const { url, wanted, state, ...kept } = await this.requests.make(session, connection);
    const sent = await this.sessions.step(
      'opened',
      { sql: 'id = :id', values: { id: session.id } },
      { state: 'at_provider', stateHash: hashOf(state), scopes: wanted, ...kept },
    );
    return sent ? { seeOther: url } : { status: 400, page: linkNotValidPage() };
  }

  private async notTaken(session: ConnectSessionEntity, { refusal }: RequestNotTakenError): Promise<BrowserAnswer> {
    await this.sessions.end(session, {
      to: 'failed',
      reason: 'provider_error',
      code: eventCode(refusal.code),
      actor: { kind: 'system' },
    });
    return { status: 502, page: providerRefusedPage(), cookies: this.wayBack.cleared(session) };
  }

  /** `Origin` is not looked at: under `no-referrer` browsers send `null` with a form (`spec/connect-flow.md` §5). */
  private async sessionOf({ cookieHeader, fetchSite, csrf, action }: ConsentPost): Promise<ConnectSessionEntity> {
    if (fetchSite !== undefined && fetchSite !== 'same-origin') throw new FormRefusedError('sent by another site');
    const [id = '', field = ''] = csrf.split('.');
    const session = await this.sessions.find({ id });
    if (!session) throw new FormRefusedError('no session of that name');
    const cookie = this.cookies.read(cookieHeader, 'connect', flowKey(session.id));
    if (cookie === undefined || !matches(cookie, session.cookieHash)) throw new FormRefusedError('no cookie of it');
    if (!isSame(field, csrfField(cookie, session))) throw new FormRefusedError('the field is not of this page');
    if (action !== 'accept' && action !== 'deny') throw new FormRefusedError('neither accept nor deny');
    return session;
  }
}
