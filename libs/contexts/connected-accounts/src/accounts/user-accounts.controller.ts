import { Delete, Get, Param } from '@nestjs/common';
import { type Actor, type BearerIdentity } from '@strongroom/contracts';
import { Answers, Caller, ManagementApi, pageSchema, parse, ParsedQuery, Scopes } from '@strongroom/http';
import { AccountLists } from './account-lists.js';
import {
  accountPath,
  expiry,
  userAccountAnswer,
  userAccountsQuery,
  type UserAccountsQuery,
} from './accounts.schema.js';
import { AccountsService } from './accounts.service.js';

/** An administrator's view of a person's accounts, `spec/wire-contract.md` §3.3 and §5.6. */
@ManagementApi('users/:userId/connected-accounts')
export class UserAccountsController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly lists: AccountLists,
  ) {}

  @Get()
  @Answers(200, pageSchema('connected_accounts', userAccountAnswer))
  @Scopes('read:users')
  async list(@Param('userId') userId: string, @ParsedQuery(userAccountsQuery) { take, from }: UserAccountsQuery) {
    const { accounts, next } = await this.lists.accounts(await this.lists.personOf(userId), [], { take, from });
    return {
      connected_accounts: accounts.map((account) => ({
        id: account.id,
        connection: account.connectionName,
        connection_id: account.connectionId,
        strategy: account.strategy,
        access_type: 'offline',
        scopes: account.scopes,
        created_at: account.createdAt.toISOString(),
        ...expiry(account),
      })),
      ...(next ? { next } : {}),
    };
  }

  @Delete(':id')
  @Answers(204)
  @Scopes('update:users')
  async delete(
    @Caller() caller: BearerIdentity,
    @Param('userId') userId: string,
    @Param() path: unknown,
  ): Promise<void> {
    const { id } = parse(accountPath, path, 'uri');
    const actor: Actor = caller.personId
      ? { kind: 'administrator', id: caller.personId }
      : { kind: 'client', id: caller.clientId };
    await this.accounts.delete(await this.lists.personOf(userId), id, actor);
  }
}
