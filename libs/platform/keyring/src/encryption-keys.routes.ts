import { Get, Injectable, Post } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { KeyRotation } from '@strongroom/crypto';
import { Answers, Caller, listQuery, ParsedQuery, Scopes } from '@strongroom/http';
import { z } from 'zod';
import { KeyringChanges } from './keyring-changes.js';

const keyAnswer = z.strictObject({
  kid: z.string(),
  context: z.string(),
  state: z.enum(['pre_active', 'primary', 'retiring', 'retired', 'destroyed']),
  created_at: z.iso.datetime(),
  sealed: z.int(),
  remaining: z.int(),
  progress: z.number().min(0).max(1),
});

const { page, per_page, include_totals } = listQuery;
const query = z.strictObject({ page, per_page, include_totals });

const listed = z.union([
  z.array(keyAnswer),
  z.strictObject({ keys: z.array(keyAnswer), start: z.int(), limit: z.int(), total: z.int() }),
]);

/** What the Management API shows of a ring, and how a rotation is asked for; the context says where. */
@Injectable()
export abstract class EncryptionKeysRoutes {
  constructor(
    private readonly rotation: KeyRotation,
    private readonly changes: KeyringChanges,
  ) {}

  @Get()
  @Answers(200, listed)
  @Scopes('read:encryption_keys')
  async list(@ParsedQuery(query) { page = 0, per_page: asked, include_totals }: z.output<typeof query>) {
    const keys = await this.status();
    // A ring is short: whoever names no size sees all of it.
    const limit = asked ?? Math.max(50, keys.length);
    const start = page * limit;
    const shown = keys.slice(start, start + limit);
    return include_totals === 'true' ? { keys: shown, start, limit, total: keys.length } : shown;
  }

  @Post('rekey')
  @Answers(204)
  @Scopes('update:encryption_keys')
  rekey(@Caller() { personId, clientId }: BearerIdentity): Promise<void> {
    const actor =
      personId === null ? { kind: 'client' as const, id: clientId } : { kind: 'administrator' as const, id: personId };
    return this.changes.askedBy(actor, () => this.rotation.rekey());
  }

  private async status() {
    return (await this.rotation.status()).map((key) => ({
      kid: key.keyId,
      context: key.context,
      state: key.state,
      created_at: key.createdAt.toISOString(),
      sealed: key.sealed,
      remaining: key.remaining,
      progress: key.progress,
    }));
  }
}
