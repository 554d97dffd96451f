import { Injectable } from '@nestjs/common';
import { IntakeKeys } from '@strongroom/contracts';
import { sealBox } from '@strongroom/crypto';

/** Seals upstream client secrets in the request that brings them. Nothing here can open them again. */
@Injectable()
export class ClientSecrets {
  constructor(private readonly intakeKeys: IntakeKeys) {}

  async seal(connectionId: string, secret: string): Promise<string> {
    const box = {
      purpose: 'connection-credential',
      connectionId,
      ownerId: connectionId,
      field: 'client_secret',
    } as const;
    return sealBox(await this.intakeKeys.current(), box, secret);
  }
}
