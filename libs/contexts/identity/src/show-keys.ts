import { Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { KeyRing } from '@strongroom/crypto';
import { Metrics, showKeys } from '@strongroom/observability';

/** How this context uses its keys, for whoever scrapes. */
@Injectable()
export class ShowKeys implements OnModuleInit {
  constructor(
    private readonly ring: KeyRing,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  onModuleInit(): void {
    if (this.metrics) showKeys(this.metrics, 'identity', this.ring);
  }
}
