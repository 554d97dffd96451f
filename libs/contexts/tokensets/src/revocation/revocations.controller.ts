import { Get, Param } from '@nestjs/common';
import { People } from '@strongroom/contracts';
import { Answers, ManagementApi, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { InexistentUserError } from '../tokensets.errors.js';
import { Revocations } from './revocations.js';
import { revocationAnswer } from './revocations.schema.js';

/** What became of a user's deleted tokensets at their providers, for 30 days. */
@ManagementApi('users/:id/federated-connections-tokensets/revocations')
export class RevocationsController {
  constructor(
    private readonly revocations: Revocations,
    private readonly people: People,
  ) {}

  @Get()
  @Answers(200, z.array(revocationAnswer))
  @Scopes('read:federated_connections_tokens', 'read:federated_connections_tokensets')
  async list(@Param('id') userId: string): Promise<unknown> {
    const person = await this.people.byUserId(userId);
    if (!person) throw new InexistentUserError();
    const rows = await this.revocations.ofPerson(person.personId);
    return rows.map((row) => ({
      tokenset_id: row.tokensetId,
      account_id: row.accountId,
      connection: row.connectionName,
      connection_id: row.connectionId,
      outcome: row.outcome,
      effect: row.effect,
      attempts: row.attempts,
      code: row.code,
      next_attempt_at: row.nextAttemptAt,
      deleted_at: row.deletedAt,
      finished_at: row.finishedAt,
      ...(row.manageUrl === null ? {} : { manage_url: row.manageUrl }),
    }));
  }
}
