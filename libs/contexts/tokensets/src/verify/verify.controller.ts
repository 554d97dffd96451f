import { HttpCode, Param, Post } from '@nestjs/common';
import { ManagementApi, Scopes } from '@strongroom/http';
import { type Verification, VerifyConnection } from './verify-connection.js';

/** Here and not with the other routes of connections, because the client secret is opened nowhere else. */
@ManagementApi('connections')
export class VerifyController {
  constructor(private readonly connections: VerifyConnection) {}

  @Post(':id/verify')
  @HttpCode(200)
  @Scopes('update:connections')
  verify(@Param('id') id: string): Promise<Verification> {
    return this.connections.verify(id);
  }
}
