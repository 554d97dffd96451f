import { Injectable } from '@nestjs/common';
import { Clients, ConnectionDirectory, type ConnectionView, People, type PersonView } from '@strongroom/contracts';
import { Catalogue, type ResolvedProvider } from '@strongroom/providers';
import { beyondCeiling } from './allowed-scopes.js';
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

export interface Allowed {
  connection: ConnectionView;
  person: PersonView;
}

const PERSON_STOPPED = 'The person may not connect accounts any more.';
const CONNECTION_STOPPED = 'The connection is not available any more.';
const SCOPES_STOPPED = 'The connection does not allow these permissions any more.';

/** The page that asks, `spec/connect-flow.md` §4.3. The person was verified when the ticket was opened. */
@Injectable()
export class ConsentForm {
  constructor(
    private readonly directory: ConnectionDirectory,
    private readonly clients: Clients,
    private readonly people: People,
    private readonly requests: ProviderRequests,
    private readonly wayBack: WayBack,
    private readonly catalogue: Catalogue,
  ) {}

  async show(session: ConnectSessionEntity, cookie: string): Promise<BrowserAnswer> {
    const allowed = await this.allowed(session);
    if (!('connection' in allowed)) return allowed;
    const { connection, person } = allowed;
    const [client, asked] = await Promise.all([
      this.clients.get(session.clientId),
      this.requests.scopes(session, connection),
    ]);
    if (!client || !session.redirectUri) return { status: 400, page: unavailablePage() };
    const page = consentPage({
      appName: client.name,
      appHost: hostOf(session.redirectUri),
      providerName: nameOf(connection, asked.provider),
      providerHost: new URL(asked.provider.endpoints.authorization).host,
      personName: person.displayName,
      permissions: permissionsOf(asked.provider, asked.scopes, asked.newScopes),
      renewed: asked.pinned && { label: asked.pinned.label, connectedAt: asked.pinned.createdAt },
      action: '/connected-accounts/connect',
      csrf: `${session.id}.${csrfField(cookie, session)}`,
    });
    return { status: 200, page };
  }

  /** Connection and person if both may still go on; else how the browser is sent back. */
  async allowed(session: ConnectSessionEntity): Promise<Allowed | BrowserAnswer> {
    const [connection, person] = await Promise.all([
      this.directory.byId(session.connectionId, session.clientId),
      this.people.get(session.personId),
    ]);
    if (!person || person.blocked) return this.stopped(session, 'person_unavailable', PERSON_STOPPED);
    if (!isUsable(connection)) return this.stopped(session, 'connection_unavailable', CONNECTION_STOPPED);
    const provider = this.catalogue.resolve(connection, session.params);
    if (beyondCeiling(connection, provider, session.scopes ?? provider.scopes).length > 0)
      return this.stopped(session, 'scopes_not_allowed', SCOPES_STOPPED);
    return { connection, person };
  }

  private stopped(session: ConnectSessionEntity, code: string, description: string): Promise<BrowserAnswer> {
    return this.wayBack.end(
      session,
      { to: 'failed', reason: 'provider_error', code, actor: { kind: 'system' } },
      { error: 'access_denied', description },
    );
  }
}

/** Behind a scheme of an app's own the host is any word that the app has chosen; the scheme is what names the app. */
function hostOf(uri: string): string {
  const { host, protocol } = new URL(uri);
  if (/^https?:$/.test(protocol)) return host;
  return host ? `${protocol}//${host}` : protocol;
}

/** As an administrator called it for people, else as it is known. */
const nameOf = ({ displayName, name }: ConnectionView, { providerName }: ResolvedProvider): string =>
  displayName === name ? providerName : displayName;
