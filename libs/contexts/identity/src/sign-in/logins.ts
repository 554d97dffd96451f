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
  private readonly fresh = new WeakSet<KoaContextWithOIDC>();

  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly artefacts: ArtefactsService,
  ) {}

  /** When a step has ended: a login goes along through the questions after it, and happened once. */
  notice(ctx: KoaContextWithOIDC): void {
    const { result, entities } = ctx.oidc;
    const before = entities.Interaction?.lastSubmission?.login;
    const isNew = result?.login && (before?.accountId !== result.login.accountId || before.ts !== result.login.ts);
    if (isNew) this.fresh.add(ctx);
  }

  /** Around the library: what it answers is not sent before the login is on record. */
  async record(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    await next();
    const { oidc } = ctx as Partial<KoaContextWithOIDC>;
    const login = oidc?.result?.login;
    if (!this.fresh.has(ctx) || !oidc?.session || !login || oidc.session.accountId !== login.accountId) return;
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
