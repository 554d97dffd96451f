import { Injectable } from '@nestjs/common';
import { SignIn } from '@strongroom/contracts';
import { PublicUrl } from '@strongroom/http';
import type { BrowserAnswer } from './browser-answer.js';
import { cancelledPage, linkNotValidPage, wrongPersonPage } from './connect-pages.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { ConnectSessions } from './connect-sessions.js';
import { ConsentForm } from './consent-form.js';
import { FlowCookies, flowKey } from './flow-cookies.js';
import { challengeOf, derive, hashOf, isSame, matches, newSecret } from './secrets.js';

export const CONNECT_PATH = '/connected-accounts/connect';
const SIGNED_IN_PATH = `${CONNECT_PATH}/signed-in`;
/** The first-party client of ours through which we learn who is signed in. */
const OWN_CLIENT = 'strongroom-connect';

const notValid = (): BrowserAnswer => ({ status: 404, page: linkNotValidPage() });

/**
 * From the ticket to the consent page, `spec/connect-flow.md` §4.2. A ticket names a request and proves nobody, so
 * until the person is known nothing is written: what the round trip needs lies in the browser's cookie.
 */
@Injectable()
export class OpenTicket {
  constructor(
    private readonly sessions: ConnectSessions,
    private readonly signIn: SignIn,
    private readonly consent: ConsentForm,
    private readonly cookies: FlowCookies,
    private readonly publicUrl: PublicUrl,
  ) {}

  async open(ticket: string, cookieHeader: string | undefined): Promise<BrowserAnswer> {
    const session = await this.sessions.find({ ticketHash: hashOf(ticket) });
    if (!session) return notValid();
    if (session.isLive && session.state === 'created') return this.signInFirst(session, ticket);
    if (session.isLive && session.state === 'opened') {
      const cookie = this.cookies.read(cookieHeader, 'connect', flowKey(session.id));
      if (cookie !== undefined && matches(cookie, session.cookieHash)) return this.consent.show(session, cookie);
    }
    if (!session.isLive && session.endedAt === null)
      await this.sessions.end(session, { to: 'expired', reason: 'expired', actor: { kind: 'system' } });
    else await this.sessions.refuse(session, session.state === 'expired' ? 'expired' : 'replayed');
    return notValid();
  }

  /** An ordinary sign-in at our own authorization server, without prompt: whoever is signed in passes at once. */
  private signInFirst(session: ConnectSessionEntity, ticket: string): BrowserAnswer {
    const key = flowKey(session.id);
    const secret = newSecret();
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: OWN_CLIENT,
      redirect_uri: this.publicUrl.of(SIGNED_IN_PATH),
      scope: 'openid',
      state: `${key}.${derive(secret, 'state')}`,
      code_challenge: challengeOf(derive(secret, 'verifier')),
      code_challenge_method: 'S256',
    });
    return {
      seeOther: this.publicUrl.of(`/authorize?${query.toString()}`),
      cookies: [this.cookies.set('connect_in', key, `${secret}.${ticket}`)],
    };
  }

  /** The round trip is over. The person who asked gets on; anybody else burns the ticket. */
  async signedIn(query: Record<string, unknown>, cookieHeader: string | undefined): Promise<BrowserAnswer> {
    const state = typeof query['state'] === 'string' ? query['state'] : '';
    const key = /^([0-9a-f]{8})\./.exec(state)?.[1];
    const [secret, ticket] = (key && this.cookies.read(cookieHeader, 'connect_in', key)?.split('.')) || [];
    if (!key || !secret || !ticket || !isSame(state, `${key}.${derive(secret, 'state')}`)) return notValid();
    const cleared = this.cookies.clear('connect_in', key);
    if (typeof query['code'] !== 'string') return { status: 400, page: cancelledPage(), cookies: [cleared] };

    const { personId } = await this.signIn.redeem(query['code'], derive(secret, 'verifier'));
    const flowCookie = newSecret();
    const opened = await this.sessions.step(
      'created',
      {
        sql: 'ticket_hash = :ticketHash AND person_id = :personId',
        values: { ticketHash: hashOf(ticket), personId },
      },
      { state: 'opened', cookieHash: hashOf(flowCookie), expiresAt: () => 'ends_at' },
    );
    const again = `${this.publicUrl.of(CONNECT_PATH)}?ticket=${ticket}`;
    if (opened) return { seeOther: again, cookies: [cleared, this.cookies.set('connect', key, flowCookie)] };

    const session = await this.sessions.find({ ticketHash: hashOf(ticket) });
    if (session && session.personId !== personId) {
      await this.sessions.end(
        session,
        { to: 'mismatch', reason: 'user_mismatch', actor: { kind: 'user', id: personId } },
        ['created', 'opened'],
      );
      return { status: 403, page: wrongPersonPage(), cookies: [cleared] };
    }
    return { seeOther: again, cookies: [cleared] };
  }
}
