import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { Passwords } from '../users/passwords.js';
import { UserEntity } from '../users/user.entity.js';
import type { OpenSession } from '../sessions/browser-session.js';
import type { Interaction } from './interactions.js';
import { Lockout } from './lockout.js';

export type LoginRefusal = 'wrong' | 'blocked' | 'wait';
export type LoginOutcome =
  | { login: { accountId: string; amr: string[]; ts: number; remember: false } }
  | { refusal: LoginRefusal; waitSeconds?: number };

interface Asked {
  username: string;
  password: string;
  ip: string;
  details: Interaction;
  /** Of this browser at this moment: another tab may have signed somebody in since the step began. */
  open: OpenSession | null;
}

/** Signs people in with their password. */
@Injectable()
export class LoginService {
  constructor(
    private readonly database: DataSource,
    private readonly passwords: Passwords,
    private readonly lockout: Lockout,
    private readonly artefacts: ArtefactsService,
  ) {}

  async signIn({ username, password, ip, details, open }: Asked): Promise<LoginOutcome> {
    const user = await this.named(username, details.params['connection']);
    // Whoever has two names, or one that can be spelled in two ways, has no more guesses for it.
    const account = user?.personId ?? username;
    const waitSeconds = await this.lockout.attempt(account, ip);
    if (waitSeconds > 0) return { refusal: 'wait', waitSeconds };
    if (!(await this.passwords.verify(user?.passwordHash ?? null, password)) || !user) return { refusal: 'wrong' };
    await this.lockout.succeeded(account, ip);
    if (user.blocked) return { refusal: 'blocked' };
    if (open && open.personId !== user.personId) await this.leave(open, details);
    const ts = Math.floor(Date.now() / 1000);
    // The cookie is not to outlive the browser's window: the session is listed as not persistent.
    return { login: { accountId: user.personId, amr: ['pwd'], ts, remember: false } };
  }

  /** @param connection that the application has named; else any with passwords */
  private named(name: string, connection: unknown): Promise<UserEntity | null> {
    const query = this.database
      .getRepository(UserEntity)
      .createQueryBuilder('user')
      .where('user.passwordHash is not null')
      .andWhere('(lower(user.email) = lower(:name) or lower(user.username) = lower(:name))', { name: name.trim() });
    if (typeof connection === 'string') query.andWhere('user.connection = :connection', { connection });
    // An address is its owner's, also where somebody else has it for a user name.
    query.orderBy('lower(user.email) = lower(:name)', 'DESC', 'NULLS LAST').addOrderBy('user.createdAt');
    return query.limit(1).getOne();
  }

  /** Somebody else is signed in here: their session ends, or the library would ask them to sign out first. */
  private async leave(open: OpenSession, details: Interaction): Promise<void> {
    await this.database.transaction((tx) => this.artefacts.endSessions(tx, open, { refreshTokens: false }));
    details.session = undefined;
    await details.persist();
  }
}
