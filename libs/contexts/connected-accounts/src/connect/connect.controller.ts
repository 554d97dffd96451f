import { Post } from '@nestjs/common';
import { type BearerIdentity } from '@strongroom/contracts';
import { Answers, Caller, JsonBody, MyAccountApi, Scopes } from '@strongroom/http';
import { accountAnswer, shownAccount } from '../accounts/accounts.schema.js';
import { personOf } from '../caller.js';
import { BeginConnect } from './begin-connect.js';
import { CompleteConnect } from './complete-connect.js';
import { begunAnswer, completeBody, type CompleteBody, connectBody, type ConnectBody } from './connect.schema.js';

/** The two ends of the flow that the app sees, `spec/wire-contract.md` §2.1 and §2.3. */
@MyAccountApi('connected-accounts')
export class ConnectController {
  constructor(
    private readonly beginning: BeginConnect,
    private readonly completion: CompleteConnect,
  ) {}

  @Post('connect')
  @Answers(201, begunAnswer)
  @Scopes('create:me:connected_accounts')
  async connect(@Caller() caller: BearerIdentity, @JsonBody(connectBody) body: ConnectBody) {
    const begun = await this.beginning.begin(personOf(caller), body);
    return {
      auth_session: begun.authSession,
      connect_uri: begun.connectUri,
      connect_params: { ticket: begun.ticket },
      expires_in: begun.expiresIn,
    };
  }

  @Post('complete')
  @Answers(201, accountAnswer)
  @Scopes('create:me:connected_accounts')
  async complete(@Caller() caller: BearerIdentity, @JsonBody(completeBody) body: CompleteBody) {
    return shownAccount(await this.completion.complete(personOf(caller), body));
  }
}
