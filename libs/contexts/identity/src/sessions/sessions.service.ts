import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { ArtefactEntity } from '../artefacts/artefact.entity.js';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { InexistentSessionError } from './sessions.errors.js';
import { SessionFactsEntity } from './session-facts.entity.js';
import { isUuid } from './uuid.js';
import { UserEntity } from '../users/user.entity.js';

/** Ends what people have open. Whoever asks to end what is not there is told that it is ended. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly database: DataSource,
    private readonly artefacts: ArtefactsService,
  ) {}

  /** Refresh tokens stay. */
  async delete(id: string): Promise<void> {
    await this.database.transaction((tx) => this.end(tx, id, { refreshTokens: false }));
  }

  /** @throws InexistentSessionError */
  async revoke(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      if (!(await this.end(tx, id, { refreshTokens: true }))) throw new InexistentSessionError();
    });
  }

  /** Refresh tokens stay. */
  async deleteAll(userId: string): Promise<void> {
    await this.ofUser(userId, (tx, personId) => this.artefacts.endSessions(tx, { personId }, { refreshTokens: false }));
  }

  /** One session or all, of this person only. */
  async revokeAccess(userId: string, sessionId: string | undefined, also: { refreshTokens: boolean }): Promise<void> {
    await this.ofUser(userId, (tx, personId) =>
      sessionId === undefined && also.refreshTokens
        ? this.artefacts.endOfPerson(tx, personId)
        : this.artefacts.endSessions(tx, { personId, uid: sessionId }, also),
    );
  }

  async deleteRefreshTokens(userId: string): Promise<void> {
    await this.ofUser(userId, (tx, personId) => this.artefacts.endRefreshTokens(tx, { personId }));
  }

  /** One, with all that it was rotated into. */
  async deleteRefreshToken(id: string): Promise<void> {
    if (!isUuid(id)) return;
    await this.database.transaction(async (tx) => {
      const token = await tx.findOneBy(ArtefactEntity, { kind: 'RefreshToken', familyId: id });
      if (token?.personId) await this.artefacts.endRefreshTokens(tx, { personId: token.personId, familyId: id });
    });
  }

  /** One of their own, with its refresh tokens. */
  async revokeOwn(personId: string, id: string): Promise<void> {
    await this.database.transaction((tx) =>
      this.artefacts.endSessions(tx, { personId, uid: id }, { refreshTokens: true }),
    );
  }

  /** All of their own but the one that they ask from. */
  async revokeOthers(personId: string, current: string | null): Promise<void> {
    await this.database.transaction(async (tx) => {
      const open = await tx.findBy(SessionFactsEntity, { personId });
      const others = open.map(({ uid }) => uid).filter((uid) => uid !== current);
      await this.artefacts.endSessions(tx, { personId, uid: others }, { refreshTokens: true });
    });
  }

  /** False: there is none. */
  private async end(tx: EntityManager, uid: string, also: { refreshTokens: boolean }): Promise<boolean> {
    const found = await tx.findOneBy(SessionFactsEntity, { uid });
    if (!found || found.endedAt) return false;
    await this.artefacts.endSessions(tx, { personId: found.personId, uid }, also);
    return true;
  }

  private async ofUser(userId: string, end: (tx: EntityManager, personId: string) => Promise<void>): Promise<void> {
    await this.database.transaction(async (tx) => {
      const user = await tx.findOneBy(UserEntity, { userId });
      if (user) await end(tx, user.personId);
    });
  }
}
