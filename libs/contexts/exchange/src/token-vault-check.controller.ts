import { Get } from '@nestjs/common';
import { Clients, ConnectionDirectory } from '@strongroom/contracts';
import { Answers, ManagementApi, ParsedQuery, PublicUrl, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { InexistentClientError } from './exchange.errors.js';
import { setupChecks } from './token-vault-check.js';

const query = z.strictObject({ client_id: z.string().min(1).max(64), connection: z.string().min(1).max(128) });

const answer = z.strictObject({
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({
      name: z.string(),
      ok: z.boolean(),
      setting: z.string(),
      found: z.union([z.string(), z.boolean(), z.array(z.string())]).nullable(),
      expected: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
});

/** Says what a client lacks to exchange tokens of a connection (`spec/wire-contract.md` §5.6). Reads only. */
@ManagementApi('token-vault/check')
export class TokenVaultCheckController {
  constructor(
    private readonly clients: Clients,
    private readonly connections: ConnectionDirectory,
    private readonly publicUrl: PublicUrl,
  ) {}

  @Get()
  @Answers(200, answer)
  @Scopes('read:clients')
  @Scopes('read:connections')
  async check(@ParsedQuery(query) asked: z.output<typeof query>): Promise<z.output<typeof answer>> {
    const [client, connection] = await Promise.all([
      this.clients.setup(asked.client_id),
      this.connections.byName(asked.connection, asked.client_id),
    ]);
    if (!client) throw new InexistentClientError();
    const checks = setupChecks(client, connection, this.publicUrl.myAccountAudience);
    return { ok: checks.every(({ ok }) => ok), checks };
  }
}
