import { Delete, Param, Patch, Put } from '@nestjs/common';
import { type BearerIdentity, TokenVault } from '@strongroom/contracts';
import { Answers, Caller, JsonBody, MyAccountApi, parse, Scopes } from '@strongroom/http';
import { personOf } from '../caller.js';
import { ConnectedAccountNotFoundError } from '../connected-accounts.errors.js';
import { accountAnswer, accountPath, labelBody, type LabelBody, pausePath, shownAccount } from './accounts.schema.js';
import { AccountsService } from './accounts.service.js';

/** What a person calls an account of theirs and which clients they keep from it, `spec/wire-contract.md` §5.7. */
@MyAccountApi('connected-accounts/accounts/:id')
export class AccountWishesController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly vault: TokenVault,
  ) {}

  @Patch()
  @Answers(200, accountAnswer)
  @Scopes('update:me:connected_accounts')
  async label(@Caller() caller: BearerIdentity, @Param() path: unknown, @JsonBody(labelBody) { label }: LabelBody) {
    const { id } = parse(accountPath, path, 'uri');
    return shownAccount(await this.accounts.label(personOf(caller).personId, id, label));
  }

  @Put('pauses/:clientId')
  @Answers(204)
  @Scopes('update:me:connected_accounts')
  pause(@Caller() caller: BearerIdentity, @Param() path: unknown): Promise<void> {
    return this.setPause(caller, path, true);
  }

  @Delete('pauses/:clientId')
  @Answers(204)
  @Scopes('update:me:connected_accounts')
  resume(@Caller() caller: BearerIdentity, @Param() path: unknown): Promise<void> {
    return this.setPause(caller, path, false);
  }

  /** The fact lies in the vault, where the next exchange reads it; nothing of it is kept here. */
  private async setPause(caller: BearerIdentity, path: unknown, isPaused: boolean): Promise<void> {
    const { id: accountId, clientId } = parse(pausePath, path, 'uri');
    const { personId } = personOf(caller);
    const actor = { kind: 'user', id: personId } as const;
    if (!(await this.vault.pause({ personId, accountId, clientId, isPaused, actor })))
      throw new ConnectedAccountNotFoundError();
  }
}
