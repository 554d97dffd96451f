import { Delete, Get, Param } from '@nestjs/common';
import { type BearerIdentity, TokenVault } from '@strongroom/contracts';
import { Answers, Caller, MyAccountApi, pageSchema, parse, ParsedQuery, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { AccountLists } from './account-lists.js';
import {
  accountAnswer,
  accountPath,
  accountsQuery,
  type AccountsQuery,
  connectableAnswer,
  connectionsQuery,
  type ConnectionsQuery,
  revocationAnswer,
  shownAccount,
  shownRevocation,
} from './accounts.schema.js';
import { AccountsService } from './accounts.service.js';

/** A person's own accounts, `spec/wire-contract.md` §2.4 to §2.6. */
@MyAccountApi('connected-accounts')
export class AccountsController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly lists: AccountLists,
    private readonly vault: TokenVault,
  ) {}

  @Get('accounts')
  @Answers(200, pageSchema('accounts', accountAnswer))
  @Scopes('read:me:connected_accounts')
  async list(@Caller() caller: BearerIdentity, @ParsedQuery(accountsQuery) query: AccountsQuery) {
    const { accounts, next } = await this.lists.accounts(caller.personId!, query.connection, {
      take: query.take,
      from: query.from ?? query.next,
    });
    return { accounts: accounts.map(shownAccount), ...(next ? { next } : {}) };
  }

  @Delete('accounts/:id')
  @Answers(204)
  @Scopes('delete:me:connected_accounts')
  delete(@Caller() caller: BearerIdentity, @Param() path: unknown): Promise<void> {
    const personId = caller.personId!;
    return this.accounts.delete(personId, parse(accountPath, path, 'uri').id, { kind: 'user', id: personId });
  }

  /** What became of the tokens of disconnected accounts at their providers, for 30 days. */
  @Get('revocations')
  @Answers(200, z.strictObject({ revocations: z.array(revocationAnswer) }))
  @Scopes('read:me:connected_accounts')
  async revocations(@Caller() caller: BearerIdentity) {
    return { revocations: (await this.vault.revocations(caller.personId!)).map(shownRevocation) };
  }

  @Get('connections')
  @Answers(200, pageSchema('connections', connectableAnswer))
  @Scopes('read:me:connected_accounts')
  async connections(@Caller() caller: BearerIdentity, @ParsedQuery(connectionsQuery) query: ConnectionsQuery) {
    const { connections, next } = await this.lists.connections(caller.clientId, {
      take: query.take,
      from: query.from ?? query.next,
    });
    return { connections, ...(next ? { next } : {}) };
  }
}
