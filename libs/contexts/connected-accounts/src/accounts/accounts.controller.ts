import { Delete, Get, Param } from '@nestjs/common';
import { type BearerIdentity, TokenVault } from '@strongroom/contracts';
import { Answers, Caller, MyAccountApi, pageSchema, parse, ParsedQuery, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { DetailsOfAccounts } from './account-details.js';
import { AccountLists } from './account-lists.js';
import {
  accountAnswer,
  accountPath,
  accountsQuery,
  type AccountsQuery,
  connectableAnswer,
  connectionsQuery,
  type ConnectionsQuery,
  detailedAccountAnswer,
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
    private readonly details: DetailsOfAccounts,
    private readonly vault: TokenVault,
  ) {}

  @Get('accounts')
  @Answers(200, z.union([pageSchema('accounts', accountAnswer), pageSchema('accounts', detailedAccountAnswer)]))
  @Scopes('read:me:connected_accounts')
  async list(@Caller() caller: BearerIdentity, @ParsedQuery(accountsQuery) query: AccountsQuery) {
    const personId = caller.personId!;
    const { accounts, next } = await this.lists.accounts(personId, query.connection, {
      take: query.take,
      from: query.from ?? query.next,
    });
    const details = query.details ? await this.details.of(personId, accounts) : [];
    return {
      accounts: accounts.map((account, n) => ({ ...shownAccount(account), ...details[n] })),
      ...(next ? { next } : {}),
    };
  }

  @Delete('accounts/:id')
  @Answers(204)
  @Scopes('delete:me:connected_accounts')
  delete(@Caller() caller: BearerIdentity, @Param() path: unknown): Promise<void> {
    const personId = caller.personId!;
    return this.accounts.delete(personId, parse(accountPath, path, 'uri').id, {
      kind: 'user',
      id: personId,
      clientId: caller.clientId,
    });
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
