import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { KeyRing, KeyRotation } from '@strongroom/crypto';

/** Lets the rotation run for as long as the process does. */
@Injectable()
export class KeyRotationProcess implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(
    private readonly ring: KeyRing,
    private readonly rotation: KeyRotation,
  ) {}

  onApplicationBootstrap(): void {
    this.rotation.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.rotation.stop();
    await this.ring.close();
  }
}
