import { Injectable } from '@nestjs/common';
import { KeyRing } from '@strongroom/crypto';

/** What readiness asks about keys: sealed, nobody signs in and no token is signed. */
@Injectable()
export class IdentitySeal {
  constructor(private readonly ring: KeyRing) {}

  unsealed(): Promise<void> {
    return this.ring.isSealed ? Promise.reject(new Error('no key service has opened the key ring')) : Promise.resolve();
  }
}
