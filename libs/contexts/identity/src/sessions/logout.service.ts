import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { PageEndedError } from '../authorization.errors.js';
import { ClientEntity } from '../clients/client.entity.js';
import { texts } from '../sign-in/texts.js';
import { AccessTokens } from '../signing/access-tokens.js';
import type { OpenSession } from './browser-session.js';

/** What an application sends a person's browser with. */
export interface LogoutRequest {
  clientId: string | undefined;
  /** Where the browser is to go then. */
  returnTo: string | undefined;
  state: string | undefined;
  /** Of the session that is meant. */
  sid: string | undefined;
  idTokenHint: string | undefined;
}

export interface LoggedOut {
  /** What became of the session of this browser; another one was meant: nothing. */
  session: 'ended' | 'none' | 'another';
  /** Null: it goes nowhere; where one was asked for, it is not the application's. */
  location: string | null;
}

interface Hint {
  clientId: string;
  sid: string | null;
}

/**
 * Ends the session of a browser. Nobody is asked: whoever makes a browser come here can do no more than sign a person
 * out, and hints that name another session than the browser's end nothing.
 */
@Injectable()
export class LogoutService {
  constructor(
    private readonly database: DataSource,
    private readonly artefacts: ArtefactsService,
    private readonly tokens: AccessTokens,
  ) {}

  /** @throws PageEndedError */
  async logout(asked: LogoutRequest, session: OpenSession | null): Promise<LoggedOut> {
    const hint = asked.idTokenHint === undefined ? null : await this.hinted(asked.idTokenHint);
    if (hint && asked.clientId !== undefined && asked.clientId !== hint.clientId) throw refused();
    const meant = [asked.sid, hint?.sid].filter((sid) => sid !== undefined);
    const location = await this.locationOf(asked, asked.clientId ?? hint?.clientId);
    if (session === null) return { session: 'none', location };
    if (!meant.every((sid) => sid === session.uid)) return { session: 'another', location };
    await this.database.transaction((tx) => this.artefacts.endSessions(tx, session, { refreshTokens: false }));
    return { session: 'ended', location };
  }

  /** Of an ID token that we issued; that it has ended since says nothing against it. */
  private async hinted(idToken: string): Promise<Hint> {
    const read = await this.tokens.genuine(idToken);
    const [clientId] = read?.audiences ?? [];
    if (!read || clientId === undefined || read.grantId !== null || read.isMachine) throw refused();
    return { clientId, sid: read.sessionId };
  }

  private async locationOf({ returnTo, state }: LogoutRequest, clientId: string | undefined): Promise<string | null> {
    if (returnTo === undefined || clientId === undefined) return null;
    const client = await this.database.getRepository(ClientEntity).findOneBy({ clientId });
    if (!client?.allowedLogoutUrls.includes(returnTo)) return null;
    if (state === undefined) return returnTo;
    const location = new URL(returnTo);
    location.searchParams.append('state', state);
    return location.href;
  }
}

const refused = () => new PageEndedError(texts.problem.unknown);
