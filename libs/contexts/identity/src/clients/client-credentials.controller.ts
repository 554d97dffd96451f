import { Delete, Get, Param, Patch, Post } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { Answers, Caller, JsonBody, ManagementApi, Scopes } from '@strongroom/http';
import { z } from 'zod';
import {
  type ChangedCredential,
  changedCredential,
  credential,
  type SentCredential,
  shownCredential,
} from './client-credentials.schema.js';
import { ClientCredentialsService } from './client-credentials.service.js';

@ManagementApi('clients/:client/credentials')
export class ClientCredentialsController {
  constructor(private readonly credentials: ClientCredentialsService) {}

  @Get()
  @Answers(200, z.array(shownCredential))
  @Scopes('read:client_credentials')
  list(@Param('client') client: string) {
    return this.credentials.list(client);
  }

  @Post()
  @Answers(201, shownCredential)
  @Scopes('create:client_credentials')
  create(
    @Param('client') client: string,
    @JsonBody(credential) body: SentCredential,
    @Caller() caller: BearerIdentity,
  ) {
    return this.credentials.create(client, body, caller);
  }

  @Get(':id')
  @Answers(200, shownCredential)
  @Scopes('read:client_credentials')
  get(@Param('client') client: string, @Param('id') id: string) {
    return this.credentials.get(client, id);
  }

  @Patch(':id')
  @Answers(200, shownCredential)
  @Scopes('update:client_credentials')
  update(
    @Param('client') client: string,
    @Param('id') id: string,
    @JsonBody(changedCredential) body: ChangedCredential,
    @Caller() caller: BearerIdentity,
  ) {
    return this.credentials.update(client, id, body, caller);
  }

  @Delete(':id')
  @Answers(204)
  @Scopes('delete:client_credentials')
  async delete(
    @Param('client') client: string,
    @Param('id') id: string,
    @Caller() caller: BearerIdentity,
  ): Promise<void> {
    await this.credentials.delete(client, id, caller);
  }
}
