import {
  type BeforeApplicationShutdown,
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { KeyRing, KeyRotation } from '@strongroom/crypto';

/** Lets the rotation run for as long as the process does. */
@Injectable()
export class KeyRotationProcess implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    private readonly ring: KeyRing,
    private readonly rotation: KeyRotation,
  ) {}

  onApplicationBootstrap(): void {
    this.rotation.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.rotation.stop();
  }

  /** After that: what is finished at the very end still has to be sealed. */
  async onApplicationShutdown(): Promise<void> {
    await this.ring.close();
  }
}
