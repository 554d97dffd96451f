import { Injectable } from '@nestjs/common';
import { type IntakeKey, IntakeKeys } from '@strongroom/contracts';
import { IntakePrivateKeys } from '@strongroom/crypto';

/** The public half, for those who seal. */
@Injectable()
export class IntakeKeysService extends IntakeKeys {
  constructor(private readonly keys: IntakePrivateKeys) {
    super();
  }

  override current(): Promise<IntakeKey> {
    return Promise.resolve(this.keys.current());
  }
}
