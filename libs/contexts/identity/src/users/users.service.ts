import { Injectable } from '@nestjs/common';
import { userCreated, userDeleted, userUpdated, type Actor, type BearerIdentity } from '@strongroom/contracts';
import { Outbox } from '@strongroom/messaging';
import { DataSource, type EntityManager } from 'typeorm';
import { ArtefactsService } from '../artefacts/artefacts.service.js';
import { ConsentEntity } from '../sign-in/consent.entity.js';
import { actorOf } from '../actor.js';
import { demandAnotherAdministrator, demandEveryScope } from './administrators.js';
import { DASHBOARD_CLIENT } from '../first-rows/built-in.js';
import { changedMembers, checkReadOnly, split } from '../members.js';
import { Passwords } from './passwords.js';
import { InexistentError } from '../registry.errors.js';
import { asUserExists, changesOf, demandSignInName, identitiesOf, insertUser } from './user-rows.js';
import { userEventData, userView } from './user-view.js';
import { UserEntity } from './user.entity.js';
import { READ_ONLY_OF_USER, type CreateUser, type UpdateUser } from './user.schema.js';

/** Of an administrator, these may be changed only by who could do everything anyway. */
const GUARDED = ['email', 'email_verified', 'username', 'phone_number', 'password'];

/** People, as the Management API changes them. */
@Injectable()
export class UsersService {
  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly artefacts: ArtefactsService,
    private readonly passwords: Passwords,
  ) {}

  async create(body: CreateUser, caller: BearerIdentity): Promise<Record<string, unknown>> {
    if (body.administrator) demandEveryScope(caller);
    const passwordHash = await this.hashOf(body.password);
    return this.database.transaction((tx) => this.createIn(tx, body, passwordHash, actorOf(caller)));
  }

  /** In the caller's transaction, with the password already hashed. */
  async createIn(
    tx: EntityManager,
    body: CreateUser,
    passwordHash: string | null,
    actor: Actor,
  ): Promise<Record<string, unknown>> {
    const { user, identities } = await insertUser(tx, body, passwordHash);
    await this.outbox.add(tx, userCreated, {
      id: user.personId,
      sequence: user.eventVersion,
      data: { ...userEventData(user, identities), actor },
    });
    return userView(user, identities);
  }

  /** @param connectedAccounts what the profile shows as `connected_accounts` now, in case the body brings it back. */
  async update(
    userId: string,
    body: UpdateUser,
    caller: BearerIdentity,
    connectedAccounts: unknown,
  ): Promise<Record<string, unknown>> {
    const [readOnly, rest] = split(body, READ_ONLY_OF_USER);
    const passwordHash = await this.hashOf(rest.password);
    return this.database.transaction(async (tx) => {
      const user = await tx.findOne(UserEntity, { where: { userId }, lock: { mode: 'pessimistic_write' } });
      if (!user) throw new InexistentError('user');
      const identities = await identitiesOf(tx, user.personId);
      const before = userView(user, identities);
      checkReadOnly(readOnly, { ...before, connected_accounts: connectedAccounts });
      const changes = changesOf(user, rest);
      demandSignInName(user, changes);
      const changed = changedMembers(before, userView({ ...user, ...changes }, identities));
      if (passwordHash !== null) {
        Object.assign(changes, { passwordHash, lastPasswordReset: new Date() });
        changed.push('password');
      }
      if (changed.length === 0) return before;
      await this.guard(tx, user, changes, changed, caller);
      changes.eventVersion = user.eventVersion + 1;
      await tx.update(UserEntity, { personId: user.personId }, changes as never).catch(asUserExists);
      await this.endWhatWentWith(tx, user, changes);
      const after = await tx.findOneByOrFail(UserEntity, { personId: user.personId });
      await this.outbox.add(tx, userUpdated, {
        id: user.personId,
        sequence: after.eventVersion,
        data: { ...userEventData(after, identities), changed, actor: actorOf(caller) },
      });
      return userView(after, identities);
    });
  }

  /** Nothing of theirs works from the commit on. Without such a user nothing happens. */
  async delete(userId: string, caller: BearerIdentity): Promise<void> {
    await this.database.transaction(async (tx) => {
      const user = await tx.findOne(UserEntity, { where: { userId }, lock: { mode: 'pessimistic_write' } });
      if (!user) return;
      if (user.administrator) await demandAnotherAdministrator(tx, user.personId);
      await this.artefacts.endOfPerson(tx, user.personId);
      await tx.delete(ConsentEntity, { personId: user.personId });
      await tx.delete(UserEntity, { personId: user.personId });
      await this.outbox.add(tx, userDeleted, {
        id: user.personId,
        sequence: user.eventVersion + 1,
        data: { personId: user.personId, userId, status: 'deleted', actor: actorOf(caller) },
      });
    });
  }

  private async guard(
    tx: EntityManager,
    user: UserEntity,
    { blocked, administrator }: Partial<UserEntity>,
    changed: string[],
    caller: BearerIdentity,
  ): Promise<void> {
    const touches = user.administrator && GUARDED.some((member) => changed.includes(member));
    if (touches || changed.includes('administrator')) demandEveryScope(caller);
    if (user.administrator && !user.blocked && (blocked === true || administrator === false))
      await demandAnotherAdministrator(tx, user.personId);
  }

  private async endWhatWentWith(
    tx: EntityManager,
    { personId }: UserEntity,
    { blocked, administrator }: Partial<UserEntity>,
  ): Promise<void> {
    if (blocked === true) return this.artefacts.endOfPerson(tx, personId);
    if (administrator !== false) return;
    await this.artefacts.endSessions(tx, { personId }, { refreshTokens: false });
    await this.artefacts.endOfPersonAtClient(tx, personId, DASHBOARD_CLIENT);
  }

  private hashOf(password: string | undefined): Promise<string | null> {
    return password === undefined ? Promise.resolve(null) : this.passwords.hash(password);
  }
}
