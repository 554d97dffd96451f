import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { AheadOfTime } from '../ahead/ahead-of-time.js';
import { NodeRegistry } from './node-registry.js';
import { RecoverySweeper } from './recovery-sweeper.js';
import { Refresher } from './refresher.js';
import { SpillReplay } from './spill-replay.js';

/**
 * The order in which a process takes up refreshing and leaves it: steps 20 to 22 of `spec/refresh.md` §4. The others take
 * our new start, and our leaving, as the word that no answer of ours is outstanding; so each comes after the replay.
 */
@Injectable()
export class RefreshLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private hasArrived = false;

  constructor(
    private readonly nodes: NodeRegistry,
    private readonly replay: SpillReplay,
    private readonly sweeper: RecoverySweeper,
    private readonly refresher: Refresher,
    private readonly ahead: AheadOfTime,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.nodes.claimPlace();
    await this.replay.run();
    await this.nodes.arrive();
    this.hasArrived = true;
    this.sweeper.start();
    this.ahead.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.sweeper.stop();
    await this.refresher.close();
    if (this.hasArrived) await this.leave();
    await this.nodes.releasePlace();
  }

  private async leave(): Promise<void> {
    try {
      await this.replay.run();
      await this.nodes.leave({ isEmpty: await this.replay.isEmpty() });
    } catch (error) {
      this.logger.warn({ err: error }, 'left without a word: the others wait for this node');
      await this.nodes.leave({ isEmpty: false });
    }
  }
}
