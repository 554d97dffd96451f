import { Injectable } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { DataSource } from 'typeorm';
import { InexistentError } from '../registry.errors.js';
import { demandEveryScope } from './administrators.js';
import { UserEntity } from './user.entity.js';

/** Second factors of people. Nobody can enrol one yet, so nobody has any; who may do what with them holds already. */
@Injectable()
export class AuthenticationMethods {
  constructor(private readonly database: DataSource) {}

  async of(userId: string): Promise<{ id: string }[]> {
    if (!(await this.find(userId))) throw new InexistentError('user');
    return [];
  }

  /** Without such a user nothing happens. */
  async reset(userId: string, caller: BearerIdentity): Promise<void> {
    const user = await this.find(userId);
    if (user?.administrator) demandEveryScope(caller);
  }

  private find(userId: string): Promise<UserEntity | null> {
    return this.database.getRepository(UserEntity).findOneBy({ userId });
  }
}
