import { Injectable } from '@nestjs/common';
import { Clients, ConnectionDirectory, type ConnectionView, People } from '@strongroom/contracts';
import type { ResolvedProvider } from '@strongroom/providers';
import type { BrowserAnswer } from './browser-answer.js';
import { unavailablePage } from './connect-pages.js';
import type { ConnectSessionEntity } from './connect-session.entity.js';
import { consentPage, permissionsOf } from './consent-page.js';
import { ProviderRequests } from './provider-request.js';
import { derive } from './secrets.js';
import { isUsable } from './usable-connection.js';
import { WayBack } from './way-back.js';

/** Ties the form to this browser's cookie, this session and this page. */
export const csrfField = (cookie: string, session: ConnectSessionEntity): string =>
  derive(cookie, `consent page of ${session.id}`);

/** The page that asks, `spec/connect-flow.md` §4.3. The person was verified when the ticket was opened. */
@Injectable()
export class ConsentForm {
  constructor(
    private readonly directory: ConnectionDirectory,
    private readonly clients: Clients,
    private readonly people: People,
    private readonly requests: ProviderRequests,
    private readonly wayBack: WayBack,
  ) {}

  async show(session: ConnectSessionEntity, cookie: string): Promise<BrowserAnswer> {
    const connection = await this.directory.byId(session.connectionId, session.clientId);
    if (!isUsable(connection)) return this.switchedOff(session);
    const [client, person, asked] = await Promise.all([
      this.clients.get(session.clientId),
      this.people.get(session.personId),
      this.requests.scopes(session, connection),
    ]);
    if (!client || !person || !session.redirectUri) return { status: 400, page: unavailablePage() };
    const page = consentPage({
      appName: client.name,
      appHost: hostOf(session.redirectUri),
      providerName: nameOf(connection, asked.provider),
      providerHost: new URL(asked.provider.endpoints.authorization).host,
      personName: person.displayName,
      permissions: permissionsOf(asked.provider, asked.scopes, asked.newScopes),
      reconnects: session.pinnedAccountId !== null,
      action: '/connected-accounts/connect',
      csrf: `${session.id}.${csrfField(cookie, session)}`,
    });
    return { status: 200, page };
  }

  /** The connection if it can still be used; else how the browser is sent back. */
  async connection(session: ConnectSessionEntity): Promise<ConnectionView | BrowserAnswer> {
    const connection = await this.directory.byId(session.connectionId, session.clientId);
    return isUsable(connection) ? connection : this.switchedOff(session);
  }

  private switchedOff(session: ConnectSessionEntity): Promise<BrowserAnswer> {
    return this.wayBack.end(
      session,
      { to: 'failed', reason: 'provider_error', code: 'connection_unavailable', actor: { kind: 'system' } },
      { error: 'access_denied', description: 'The connection is not available any more.' },
    );
  }
}

/** A custom scheme has no host; the scheme is what names the app. */
function hostOf(uri: string): string {
  const { host, protocol } = new URL(uri);
  return host || protocol;
}

/** As an administrator called it for people, else as it is known. */
const nameOf = ({ displayName, name }: ConnectionView, { providerName }: ResolvedProvider): string =>
  displayName === name ? providerName : displayName;
