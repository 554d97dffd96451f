import { mkdirSync } from 'node:fs';
import { Outbox } from '@strongroom/messaging';
import { createLogger } from '@strongroom/observability';
import type { DataSource } from 'typeorm';
import { Custody } from '../../src/custody/custody.js';
import { RedeemJournal } from '../../src/redeem/redeem-journal.js';
import { Flights } from '../../src/refresh/flights.js';
import { NoSpill } from '../../src/refresh/no-spill.js';
import { NodeRegistry } from '../../src/refresh/node-registry.js';
import { OpenAttempts } from '../../src/refresh/open-attempts.js';
import { RecoverySweeper } from '../../src/refresh/recovery-sweeper.js';
import { RefreshCore, type SendRefresh } from '../../src/refresh/refresh-core.js';
import { RefreshJournal } from '../../src/refresh/refresh-journal.js';
import { AheadOfTime } from '../../src/ahead/ahead-of-time.js';
import { RefreshLifecycle } from '../../src/refresh/refresh-lifecycle.js';
import type { DueRefresh, Refresher } from '../../src/refresh/refresher.js';
import type { RefreshOutcome, Spill, RefreshTerms } from '../../src/refresh/refresh.types.js';
import { SpillDirectory } from '../../src/refresh/spill-directory.js';
import { idOf } from '../../src/refresh/spill-file.js';
import { SpillReplay } from '../../src/refresh/spill-replay.js';
import { TokensetsSettings } from '../../src/tokensets.options.js';
import type { ModelDatabase } from './model-database.js';
import { type ModelProcess } from './model-process.js';

/** Silence and leases as the product has them. */
export const TAKEOVER_SECONDS = 600;
export const TIMEOUT_MS = 30_000;
const logger = createLogger('silent');
const metrics = {
  committed: () => undefined,
  superseded: () => undefined,
  lostRotation: () => undefined,
  recovered: () => undefined,
  spillFailed: () => undefined,
  missingRotation: () => undefined,
};

/** What a history has around one start of a node. */
export interface Surroundings {
  database: ModelDatabase;
  source: DataSource;
  directory: string;
  node: string;
  spills: boolean;
  random(): number;
  terms(due: Pick<DueRefresh, 'atVersion' | 'kind' | 'reserveSeconds'>): RefreshTerms;
  send(process: ModelStart): SendRefresh;
  reuseKills: boolean;
  monotonic(): number;
  isDiskFull(): boolean;
  spilled(attempt: string, failed: boolean): void;
  committing(attempt: string): void;
}

/** A place is one process for ever here; its heart beats when the model says so. */
class ModelRegistry extends NodeRegistry {
  lostAt: number | null = null;

  override claimPlace(): Promise<void> {
    return Promise.resolve();
  }

  override releasePlace(): Promise<void> {
    return Promise.resolve();
  }

  override async arrive(): Promise<void> {
    await super.arrive();
    clearInterval(this['heartbeat']);
  }

  /** Whether it was written. */
  async beatNow(): Promise<boolean> {
    this['looking'] = Promise.resolve();
    this['failedAt'] = null;
    await this['beat']();
    return this['failedAt'] === null;
  }
}

/** One start of a node: everything of the refresh that a process has, over what outlives it. */
export class ModelStart {
  readonly settings: TokensetsSettings;
  readonly flights = new Flights<RefreshOutcome>();
  private readonly nodes: ModelRegistry;
  private readonly core: RefreshCore;
  private readonly sweeper: RecoverySweeper;
  private readonly lifecycle: RefreshLifecycle;
  private readonly refresher: Refresher;
  isReady = false;
  private failedAt: number | null = null;

  constructor(
    readonly process: ModelProcess,
    private readonly around: Surroundings,
  ) {
    const { database, source, node } = around;
    this.settings = new TokensetsSettings({
      node,
      refreshTimeoutMs: TIMEOUT_MS,
      strictTakeoverSeconds: TAKEOVER_SECONDS,
    });
    const custody = new Custody(database.ring);
    const spill = process.doing(this.spill(), ['release']);
    this.nodes = new ModelRegistry(source, database.ring, spill, this.settings, logger);
    this.nodes.secondsSinceFailure = () =>
      this.failedAt === null ? null : (around.monotonic() - this.failedAt) / 1000;
    const journal = new RefreshJournal(source, new Outbox('tokensets'), process, this.nodes, this.settings);
    const commit = journal.commit.bind(journal);
    journal.commit = (attempt, credential) => {
      around.committing(attempt.id);
      return commit(attempt, credential);
    };
    const store = process.reaching(journal);
    this.core = new RefreshCore({
      store,
      custody,
      spill,
      crash: process,
      metrics,
      monotonic: () => around.monotonic(),
      random: () => around.random(),
      sleep: (ms) => process.sleep(ms),
      report: () => undefined,
      alive: () => true,
    });
    const reads = { manager: process.doing(source.manager) } as DataSource;
    const redeems = new RedeemJournal(source, custody, this.nodes, this.settings);
    const replay = new SpillReplay(spill, store, redeems, custody, reads, logger);
    this.refresher = { refresh: (due: DueRefresh) => this.refresh(due), close: () => Promise.resolve() } as Refresher;
    const attempts = process.reaching(new OpenAttempts(source, this.nodes, this.settings));
    this.sweeper = new RecoverySweeper(attempts, replay, this.refresher, logger);
    // They sweep when the history says so.
    const silent = { start: () => undefined, stop: () => Promise.resolve() };
    this.lifecycle = new RefreshLifecycle(
      process.doing(this.nodes),
      replay,
      Object.assign(Object.create(RecoverySweeper.prototype) as RecoverySweeper, silent),
      this.refresher,
      Object.assign(Object.create(AheadOfTime.prototype) as AheadOfTime, silent),
      logger,
    );
  }

  get node(): string {
    return this.nodes.node;
  }

  async boot(): Promise<void> {
    await this.lifecycle.onApplicationBootstrap();
    this.isReady = true;
  }

  /** An orderly end. */
  async leave(): Promise<void> {
    this.isReady = false;
    await this.lifecycle.beforeApplicationShutdown();
  }

  /** False: it did not reach the database, and nobody has heard it. */
  async beat(): Promise<boolean> {
    const isWritten = await this.process.io(() => this.nodes.beatNow());
    if (!isWritten) this.failedAt = this.around.monotonic();
    return isWritten;
  }

  sweep(): Promise<void> {
    return this.sweeper.sweep();
  }

  refresh(due: Pick<DueRefresh, 'tokensetId' | 'atVersion' | 'kind' | 'reserveSeconds'>): Promise<RefreshOutcome> {
    return this.flights.join(
      due.tokensetId,
      () => this.core.refresh(this.around.terms(due), this.around.send(this), this.around.reuseKills),
      () => new Error('closed'),
    );
  }

  private spill(): Spill {
    const { spills, directory, database } = this.around;
    if (!spills) return new NoSpill();
    mkdirSync(directory, { recursive: true });
    const real = new SpillDirectory(directory, database.ring, {
      unreadable: (error) => {
        throw error;
      },
      failed: (error) => {
        throw error;
      },
    });
    const write = real.write.bind(real);
    real.write = async (spilled) => {
      if (this.around.isDiskFull()) {
        this.around.spilled(idOf(spilled), true);
        throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
      }
      await write(spilled);
      this.around.spilled(idOf(spilled), false);
    };
    return real;
  }
}
