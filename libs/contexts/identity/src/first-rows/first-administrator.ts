import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { SYSTEM } from '../actor.js';
import { lockAdministrators } from '../users/administrators.js';
import { Passwords } from '../users/passwords.js';
import { DATABASE_CONNECTION } from '../users/user.schema.js';
import { UserEntity } from '../users/user.entity.js';
import { UsersService } from '../users/users.service.js';

/** Somebody has to be able to begin (`spec/wire-contract.md` §3.5). */
@Injectable()
export class FirstAdministrator {
  constructor(
    private readonly database: DataSource,
    private readonly users: UsersService,
    private readonly passwords: Passwords,
  ) {}

  /** Only when nobody is administrator; of two starts at once, one creates. */
  async create({ email, password }: { email: string; password: string }): Promise<void> {
    if (await anybody(this.database.manager)) return;
    const passwordHash = await this.passwords.hash(password);
    await this.database.transaction(async (tx) => {
      await lockAdministrators(tx);
      if (await anybody(tx)) return;
      const body = { connection: DATABASE_CONNECTION, email: email.toLowerCase(), email_verified: true } as const;
      await this.users.createIn(tx, { ...body, administrator: true }, passwordHash, SYSTEM);
    });
  }
}

const anybody = (tx: EntityManager): Promise<boolean> => tx.existsBy(UserEntity, { administrator: true });
