import { Delete, Get, Param, Post } from '@nestjs/common';
import { type BearerIdentity, ConnectionDirectory, People } from '@strongroom/contracts';
import { Answers, Caller, ManagementApi, parse, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { UsageMarks } from './access/usage-marks.js';
import { ForcedRefresh } from './ahead/forced-refresh.js';
import { InexistentTokensetError, InexistentUserError } from './tokensets.errors.js';
import type { TokensetEntity } from './tokenset.entity.js';
import { tokensetAnswer } from './tokensets.schema.js';
import { TokensetsService } from './tokensets.service.js';

const path = z.object({ id: z.string(), tokenset_id: z.string().regex(/^[A-Za-z0-9_-]{1,36}$/) });

/** Tokensets of a user, by the scopes of both spellings (`spec/wire-contract.md` §3.2). */
@ManagementApi('users/:id/federated-connections-tokensets')
export class TokensetsController {
  constructor(
    private readonly tokensets: TokensetsService,
    private readonly forced: ForcedRefresh,
    private readonly people: People,
    private readonly directory: ConnectionDirectory,
    private readonly usage: UsageMarks,
  ) {}

  @Get()
  @Answers(200, z.array(tokensetAnswer))
  @Scopes('read:federated_connections_tokens', 'read:federated_connections_tokensets')
  async list(@Param('id') userId: string): Promise<unknown> {
    const personId = await this.personId(userId);
    // Uses wait a few seconds to be written together; whoever looks sees them.
    await this.usage.flush();
    const rows = await this.tokensets.ofPerson(personId);
    const names = await this.namesOf(rows.map(({ connectionId }) => connectionId));
    return rows.map((row) => shown(row, names));
  }

  @Post(':tokenset_id/refresh')
  @Answers(200, tokensetAnswer)
  @Scopes('update:federated_connections_tokens')
  async refresh(@Param() params: unknown, @Caller() caller: BearerIdentity): Promise<unknown> {
    const { id, tokenset_id: tokensetId } = parse(path, params, 'uri');
    const personId = await this.personId(id);
    await this.forced.refresh({ personId, tokensetId }, actorOf(caller));
    const row = (await this.tokensets.ofPerson(personId)).find((one) => one.id === tokensetId);
    if (!row) throw new InexistentTokensetError();
    return shown(row, await this.namesOf([row.connectionId]));
  }

  @Delete(':tokenset_id')
  @Answers(204)
  @Scopes('delete:federated_connections_tokens', 'update:federated_connections_tokensets')
  async delete(@Param() params: unknown, @Caller() caller: BearerIdentity): Promise<void> {
    const { id, tokenset_id: tokensetId } = parse(path, params, 'uri');
    const personId = await this.personId(id);
    if (!(await this.tokensets.delete({ personId, tokensetId }, 'requested', actorOf(caller))))
      throw new InexistentTokensetError();
  }

  private async personId(userId: string): Promise<string> {
    const person = await this.people.byUserId(userId);
    if (!person) throw new InexistentUserError();
    return person.personId;
  }

  private async namesOf(connectionIds: readonly string[]): Promise<Map<string, string | undefined>> {
    const known = await Promise.all(
      [...new Set(connectionIds)].map(async (id) => [id, (await this.directory.byId(id, null))?.name] as const),
    );
    return new Map(known);
  }
}

const actorOf = ({ personId, clientId }: BearerIdentity) =>
  personId === null ? ({ kind: 'client', id: clientId } as const) : ({ kind: 'administrator', id: personId } as const);

const shown = (row: TokensetEntity, names: ReadonlyMap<string, string | undefined>) => ({
  id: row.id,
  connection: names.get(row.connectionId) ?? row.connectionId,
  scope: row.scopes.join(' '),
  issued_at: row.issuedAt.toISOString(),
  expires_at: row.expiresAt?.toISOString() ?? null,
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  status: row.status,
  reason: row.reason,
  next_attempt_at: row.nextAttemptAt?.toISOString() ?? null,
  ...(Object.keys(row.extras).length > 0 ? { extras: row.extras } : {}),
});
