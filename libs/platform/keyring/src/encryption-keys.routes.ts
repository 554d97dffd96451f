import { Get, HttpCode, Injectable, Post } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { KeyRotation } from '@strongroom/crypto';
import { Caller, Scopes } from '@strongroom/http';
import { KeyringChanges } from './keyring-changes.js';

/** What the Management API shows of a ring, and how a rotation is asked for; the context says where. */
@Injectable()
export abstract class EncryptionKeysRoutes {
  constructor(
    private readonly rotation: KeyRotation,
    private readonly changes: KeyringChanges,
  ) {}

  @Get()
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
  @HttpCode(204)
  @Scopes('update:encryption_keys')
  rekey(@Caller() { personId, clientId }: BearerIdentity): Promise<void> {
    const actor =
      personId === null ? { kind: 'client' as const, id: clientId } : { kind: 'administrator' as const, id: personId };
    return this.changes.askedBy(actor, () => this.rotation.rekey());
  }
}
