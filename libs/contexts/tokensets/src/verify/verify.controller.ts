import { Param, Post } from '@nestjs/common';
import { Answers, ManagementApi, Scopes } from '@strongroom/http';
import { verificationAnswer } from './verify.schema.js';
import { type Verification, VerifyConnection } from './verify-connection.js';

/** Here and not with the other routes of connections, because the client secret is opened nowhere else. */
@ManagementApi('connections')
export class VerifyController {
  constructor(private readonly connections: VerifyConnection) {}

  @Post(':id/verify')
  @Answers(200, verificationAnswer)
  @Scopes('update:connections')
  verify(@Param('id') id: string): Promise<Verification> {
    return this.connections.verify(id);
  }
}
