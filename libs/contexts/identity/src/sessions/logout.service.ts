import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { PageEndedError } from '../authorization.errors.js';
import { ClientEntity } from '../clients/client.entity.js';
import { texts } from '../sign-in/texts.js';
import type { OpenSession } from './browser-session.js';
import { IdTokenHint } from './id-token-hint.js';

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

/**
 * Ends the session of a browser. Nobody is asked: whoever makes a browser come here can do no more than sign a person
 * out, and hints that name another session than the browser's end nothing.
 */
@Injectable()
export class LogoutService {
  constructor(
    private readonly database: DataSource,
    private readonly artefacts: ArtefactsService,
    private readonly hints: IdTokenHint,
  ) {}

  /** @throws PageEndedError */
  async logout(asked: LogoutRequest, session: OpenSession | null): Promise<LoggedOut> {
    const hint = asked.idTokenHint === undefined ? undefined : await this.hints.read(asked.idTokenHint);
    const isOfAnother = hint && asked.clientId !== undefined && asked.clientId !== hint.clientId;
    if (hint === null || isOfAnother) throw new PageEndedError(texts.problem.unknown);
    const meant = [asked.sid, hint?.sid].filter((sid) => sid !== undefined);
    const location = await this.locationOf(asked, asked.clientId ?? hint?.clientId);
    if (session === null) return { session: 'none', location };
    if (!meant.every((sid) => sid === session.uid)) return { session: 'another', location };
    await this.database.transaction((tx) => this.artefacts.endSessions(tx, session, { refreshTokens: false }));
    return { session: 'ended', location };
  }

  private async locationOf({ returnTo, state }: LogoutRequest, clientId: string | undefined): Promise<string | null> {
    if (returnTo === undefined || clientId === undefined) return null;
    const client = await this.database.getRepository(ClientEntity).findOneBy({ clientId });
    if (!client?.allowedLogoutUrls.includes(returnTo)) return null;
    if (state === undefined) return returnTo;
    // What is registered stays as it is written: `URL` would spell its query anew.
    return `${returnTo}${returnTo.includes('?') ? '&' : '?'}${new URLSearchParams({ state }).toString()}`;
  }
}
