import { Injectable } from '@nestjs/common';
import { IntakePrivateKeys } from '@strongroom/crypto';
import { OpenWatch } from './open-watch.js';

/** What readiness asks about keys: with either answer no, nothing can be exchanged. */
@Injectable()
export class VaultSeal {
  constructor(
    private readonly keys: IntakePrivateKeys,
    private readonly watch: OpenWatch,
  ) {}

  unsealed(): Promise<void> {
    return this.keys.isSealed ? Promise.reject(new Error('no key service has opened the key ring')) : Promise.resolve();
  }

  readable(): Promise<void> {
    return this.watch.isStopped ? Promise.reject(new Error('too many records do not open')) : Promise.resolve();
  }
}
