import { Injectable } from '@nestjs/common';
import { userLoggedIn } from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { DataSource } from 'typeorm';
import { ClientEntity } from '../clients/client.entity.js';
import { Passwords } from '../users/passwords.js';
import { identitiesOf } from '../users/user-rows.js';
import { userEventData } from '../users/user-view.js';
import { UserEntity } from '../users/user.entity.js';
import type { Interaction } from './interactions.js';
import { Lockout } from './lockout.js';

export type LoginRefusal = 'wrong' | 'blocked' | 'wait';
export type LoginOutcome =
  { login: { accountId: string; amr: string[]; ts: number } } | { refusal: LoginRefusal; waitSeconds?: number };

/** Signs people in with their password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly passwords: Passwords,
    private readonly lockout: Lockout,
  ) {}

  async clientName(details: Interaction): Promise<string> {
    const clientId = String(details.params['client_id']);
    const client = await this.database.getRepository(ClientEntity).findOneBy({ clientId });
    return client?.name ?? clientId;
  }

  async signIn(asked: { username: string; password: string; ip: string; details: Interaction }): Promise<LoginOutcome> {
    const { username, password, ip, details } = asked;
    const waitSeconds = await this.lockout.attempt(username, ip);
    if (waitSeconds > 0) return { refusal: 'wait', waitSeconds };
    const user = await this.named(username);
    if (!(await this.passwords.verify(user?.passwordHash ?? null, password)) || !user) return { refusal: 'wrong' };
    await this.lockout.succeeded(username, ip);
    if (!(await this.record(user.personId, String(details.params['client_id']), ip))) return { refusal: 'blocked' };
    await this.leaveOtherSession(details, user.personId);
    return { login: { accountId: user.personId, amr: ['pwd'], ts: Math.floor(Date.now() / 1000) } };
  }

  private named(name: string): Promise<UserEntity | null> {
    return this.database
      .getRepository(UserEntity)
      .createQueryBuilder('user')
      .where('user.passwordHash is not null')
      .andWhere('(lower(user.email) = lower(:name) or lower(user.username) = lower(:name))', { name: name.trim() })
      .orderBy('user.createdAt')
      .limit(1)
      .getOne();
  }

  /** False: blocked meanwhile, or before. */
  private record(personId: string, clientId: string, ip: string): Promise<boolean> {
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
      if (affected !== 1) return false;
      const user = await tx.findOneByOrFail(UserEntity, { personId });
      await this.outbox.add(tx, userLoggedIn, {
        id: personId,
        sequence: user.eventVersion,
        data: {
          ...userEventData(user, await identitiesOf(tx, personId)),
          clientId,
          connectionId: null,
          sessionId: null,
          ip,
          actor: { kind: 'user', id: user.userId },
        },
      });
      return true;
    });
  }

  /** Somebody else was signed in here: their session ends, or the library would ask them to sign out first. */
  private async leaveOtherSession(details: Interaction, personId: string): Promise<void> {
    if (!details.session || details.session.accountId === personId) return;
    await this.database.query(`delete from artefacts where kind = 'Session' and uid = $1`, [details.session.uid]);
    details.session = undefined;
    await details.persist();
  }
}
