import { Injectable } from '@nestjs/common';
import { userLoggedIn } from '@strongroom/contracts';
import { clientAddress } from '@strongroom/http';
import { Outbox } from '@strongroom/messaging';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { DataSource } from 'typeorm';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { identitiesOf } from '../users/user-rows.js';
import { userEventData } from '../users/user-view.js';
import { UserEntity } from '../users/user.entity.js';

interface Login {
  personId: string;
  clientId: string;
  sessionId: string;
  ip: string | null;
}

/** Tells of each login, once its session is there. */
@Injectable()
export class Logins {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly artefacts: ArtefactsService,
  ) {}

  /** Around the library: what it answers is not sent before the login is on record. */
  async record(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    const login = oidc?.result?.login;
    if (!oidc?.session || !login || oidc.session.accountId !== login.accountId) return;
    // A login goes along through the questions after it; it happened once.
    const before = oidc.entities.Interaction?.lastSubmission?.login;
    if (before && before.accountId === login.accountId && before.ts === login.ts) return;
    await this.add({
      personId: login.accountId,
      clientId: oidc.client!.clientId,
      sessionId: oidc.session.uid,
      ip: clientAddress(ctx.req),
    });
  }

  private add({ personId, clientId, sessionId, ip }: Login): Promise<void> {
    return this.database.transaction(async (tx) => {
      const { affected } = await tx
        .createQueryBuilder()
        .update(UserEntity)
        .set({
          lastLogin: () => 'now()',
          lastIp: ip,
          loginsCount: () => 'logins_count + 1',
          eventVersion: () => 'event_version + 1',
        })
        .where({ personId, blocked: false })
        .execute();
      // Blocked or deleted between the password and this: what the library has just made must not outlive it.
      if (affected !== 1) return this.artefacts.endOfPerson(tx, personId);
      const user = await tx.findOneByOrFail(UserEntity, { personId });
      await this.outbox.add(tx, userLoggedIn, {
        id: personId,
        sequence: user.eventVersion,
        data: {
          ...userEventData(user, await identitiesOf(tx, personId)),
          clientId,
          connectionId: null,
          sessionId,
          ip,
          actor: { kind: 'user', id: user.userId },
        },
      });
    });
  }
}
