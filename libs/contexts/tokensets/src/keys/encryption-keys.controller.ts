import { Get, HttpCode, Post } from '@nestjs/common';
import type { BearerIdentity } from '@strongroom/contracts';
import { KeyRotation } from '@strongroom/crypto';
import { Caller, ManagementApi, Scopes } from '@strongroom/http';
import { KeyringChanges } from './keyring-changes.js';

/** The ring that everything of people's accounts is sealed under (`spec/wire-contract.md` §3.9). */
@ManagementApi('keys/encryption')
export class EncryptionKeysController {
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
