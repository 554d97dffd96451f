import { Get, Injectable, Post } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { KeyRotation } from '@strongroom/crypto';
import { Answers, Caller, Scopes } from '@strongroom/http';
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

/** What the Management API shows of a ring, and how a rotation is asked for; the context says where. */
@Injectable()
export abstract class EncryptionKeysRoutes {
  constructor(
    private readonly rotation: KeyRotation,
    private readonly changes: KeyringChanges,
  ) {}

  @Get()
  @Answers(200, z.array(keyAnswer))
  @Scopes('read:encryption_keys')
  async list(): Promise<unknown> {
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

  @Post('rekey')
  @Answers(204)
  @Scopes('update:encryption_keys')
  rekey(@Caller() { personId, clientId }: BearerIdentity): Promise<void> {
    const actor =
      personId === null ? { kind: 'client' as const, id: clientId } : { kind: 'administrator' as const, id: personId };
    return this.changes.askedBy(actor, () => this.rotation.rekey());
  }
}
