import { Injectable } from '@nestjs/common';
import { Clients } from '@strongroom/contracts';
import type { BrowserAnswer } from './browser-answer.js';
import { unavailablePage } from './connect-pages.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { type Ending, ConnectSessions } from './connect-sessions.js';
import { FlowCookies, flowKey } from './flow-cookies.js';
import { isCallback, withParams } from './redirect-uri.js';

/** What the app is told, in our words (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6). */
export interface AppError {
  error: string;
  description: string;
}

/** The only way from the flow to an app's address, which must be one of the client's callbacks at this very moment. */
@Injectable()
export class WayBack {
  constructor(
    private readonly sessions: ConnectSessions,
    private readonly clients: Clients,
    private readonly cookies: FlowCookies,
  ) {}

  async isOpen(session: ConnectSessionEntity): Promise<boolean> {
    const client = await this.clients.get(session.clientId);
    return client !== null && session.redirectUri !== null && isCallback(session.redirectUri, client);
  }

  to(session: ConnectSessionEntity, params: Record<string, string>): BrowserAnswer {
    const state: Record<string, string> = session.appState === null ? {} : { state: session.appState.toString('utf8') };
    return { seeOther: withParams(session.redirectUri!, { ...params, ...state }), cookies: this.cleared(session) };
  }

  /** Ends the session and tells the app why; a page where the app may not be told any more. */
  async end(session: ConnectSessionEntity, ending: Ending, { error, description }: AppError): Promise<BrowserAnswer> {
    if (!(await this.isOpen(session))) return this.closed(session);
    await this.sessions.end(session, ending);
    return this.to(session, { error, error_description: description });
  }

  /** The client's callbacks were changed: the session ends here, in front of the person. */
  async closed(session: ConnectSessionEntity): Promise<BrowserAnswer> {
    await this.sessions.end(session, {
      to: 'failed',
      reason: 'provider_error',
      code: 'callback_removed',
      actor: { kind: 'system' },
    });
    return { status: 400, page: unavailablePage(), cookies: this.cleared(session) };
  }

  cleared(session: ConnectSessionEntity): string[] {
    return [this.cookies.clear('connect', flowKey(session.id))];
  }
}
