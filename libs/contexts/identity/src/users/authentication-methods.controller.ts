import { Delete, Get, Param } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import {
  Answers,
  Caller,
  listAnswer,
  listQuery,
  listSchema,
  ManagementApi,
  ParsedQuery,
  Scopes,
} from '@strongroom/http';
import { z } from 'zod';
import { AuthenticationMethods } from './authentication-methods.service.js';

const query = z.strictObject(listQuery);

const method = z.strictObject({
  id: z.string(),
  type: z.enum(['totp', 'recovery-code']),
  confirmed: z.boolean(),
  name: z.string().optional(),
  created_at: z.iso.datetime(),
  last_auth_at: z.iso.datetime().optional(),
});

/** A person's second factors. `auth0` reads its pages from `authenticators`. */
@ManagementApi('users/:id/authentication-methods')
export class AuthenticationMethodsController {
  constructor(private readonly methods: AuthenticationMethods) {}

  @Get()
  @Answers(200, listSchema('authenticators', method))
  @Scopes('read:authentication_methods')
  async list(@Param('id') userId: string, @ParsedQuery(query) asked: z.output<typeof query>): Promise<unknown> {
    const found = await this.methods.of(userId);
    const source = {
      page: (offset: number, limit: number) =>
        Promise.resolve({ items: found.slice(offset, offset + limit), total: found.length }),
      after: () => Promise.resolve(found),
      key: ({ id }: { id: string }) => id,
    };
    return listAnswer('authenticators', asked, source, (one) => one);
  }

  @Delete()
  @Answers(204)
  @Scopes('delete:authentication_methods')
  async reset(@Param('id') userId: string, @Caller() caller: BearerIdentity): Promise<void> {
    await this.methods.reset(userId, caller);
  }
}
