import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { endArtefacts } from './end-artefacts.js';
import { endAtClient } from './end-at-client.js';
import { type ConsentsOf, endConsents } from './end-consents.js';
import { endRefreshTokens, type RefreshTokensOf } from './end-refresh-tokens.js';
import { endSessions, type Sessions } from './end-sessions.js';

/** Ends what was handed out, in the transaction of whoever ends its reason: it counts from that commit on. */
@Injectable()
export class ArtefactsService {
  /** Sessions, grants, codes and refresh tokens of a person who was blocked or deleted. */
  async endOfPerson(tx: EntityManager, personId: string): Promise<void> {
    await endSessions(tx, { personId }, { refreshTokens: true });
    await endArtefacts(tx, 'person_id', personId);
  }

  /** The same for a client; sessions are of the person and stay. */
  async endOfClient(tx: EntityManager, clientId: string): Promise<void> {
    await endAtClient(tx, clientId);
    await tx.query('delete from consents where client_id = $1', [clientId]);
  }

  /** What a person was given through one client, which has to be asked for again in every browser. */
  async endOfPersonAtClient(tx: EntityManager, personId: string, clientId: string): Promise<void> {
    await endAtClient(tx, clientId, personId);
  }

  /** Sessions of a browser, with what was granted in them without `offline_access`, or with all of it. */
  endSessions(tx: EntityManager, which: Sessions, also: { refreshTokens: boolean }): Promise<void> {
    return endSessions(tx, which, also);
  }

  endRefreshTokens(tx: EntityManager, which: RefreshTokensOf): Promise<void> {
    return endRefreshTokens(tx, which);
  }

  endConsents(tx: EntityManager, which: ConsentsOf): Promise<void> {
    return endConsents(tx, which);
  }

  /** A grant and every token under it. */
  async endOfGrant(tx: EntityManager, grantId: string): Promise<void> {
    await endArtefacts(tx, 'grant_id', grantId);
  }
}
