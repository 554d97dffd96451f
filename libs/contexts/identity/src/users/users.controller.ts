import { Delete, Get, Param, Patch, Post } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { Answers, Caller, JsonBody, listSchema, ManagementApi, ParsedQuery, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { fieldsQuery } from '../listing.js';
import { oneUserFields, userAnswer, userFields } from './user.answer.js';
import { userSearch } from './user-search.js';
import { createUser, updateUser, type CreateUser, type UpdateUser } from './user.schema.js';
import { UsersReads } from './users.reads.js';
import { UsersService } from './users.service.js';

const listQuery = z.strictObject({ ...fieldsQuery, ...userSearch });
const { fields, include_fields } = fieldsQuery;
const oneQuery = z.strictObject({ fields, include_fields });
const emailQuery = z.strictObject({ fields, include_fields, email: z.string().min(1).max(320) });

@ManagementApi('users')
export class UsersController {
  constructor(
    private readonly users: UsersService,
    private readonly reads: UsersReads,
  ) {}

  @Get()
  @Answers(200, listSchema('users', userFields))
  @Scopes('read:users')
  list(@ParsedQuery(listQuery) query: z.output<typeof listQuery>) {
    return this.reads.list(query);
  }

  @Post()
  @Answers(201, userAnswer)
  @Scopes('create:users')
  create(@JsonBody(createUser) body: CreateUser, @Caller() caller: BearerIdentity) {
    return this.users.create(body, caller);
  }

  @Get(':id')
  @Answers(200, oneUserFields)
  @Scopes('read:users')
  get(@Param('id') id: string, @ParsedQuery(oneQuery) query: z.output<typeof oneQuery>) {
    return this.reads.get(id, query);
  }

  @Patch(':id')
  @Answers(200, userAnswer)
  @Scopes('update:users')
  async update(@Param('id') id: string, @JsonBody(updateUser) body: UpdateUser, @Caller() caller: BearerIdentity) {
    const shown = 'connected_accounts' in body ? await this.reads.get(id, {}) : {};
    return this.users.update(id, body, caller, shown['connected_accounts']);
  }

  @Delete(':id')
  @Answers(204)
  @Scopes('delete:users')
  async delete(@Param('id') id: string, @Caller() caller: BearerIdentity): Promise<void> {
    await this.users.delete(id, caller);
  }
}

@ManagementApi('users-by-email')
export class UsersByEmailController {
  constructor(private readonly reads: UsersReads) {}

  @Get()
  @Answers(200, z.array(userFields))
  @Scopes('read:users')
  list(@ParsedQuery(emailQuery) query: z.output<typeof emailQuery>) {
    return this.reads.byEmail(query.email, query);
  }
}
