import { Inject, Injectable } from '@nestjs/common';
import { KeyRing } from '@strongroom/crypto';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';
import { TokensetsSettings } from '../tokensets.options.js';
import { NodeClaim } from './node-claim.js';
import { Spill } from './refresh.types.js';

const HEARTBEAT_MS = 5_000;
/** So long without a written heartbeat, whatever kept us: we may have heard nobody. */
const DEAF_MS = 3 * HEARTBEAT_MS;

/** Who may hold an answer: one row per place a process runs at, with the id of its present start. */
@Injectable()
export class NodeRegistry {
  /** UUID; without a directory and without one in the configuration the whole installation is one node. */
  readonly node: string;
  private readonly claim: NodeClaim;
  private heartbeat: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;
  /** Monotonic, as is the next. */
  private failedAt: number | null = null;
  private heardAt = performance.now();
  private isBeating = false;

  constructor(
    private readonly database: DataSource,
    ring: KeyRing,
    spill: Spill,
    private readonly settings: TokensetsSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.node = spill.node ?? settings.node ?? ring.installationId;
    this.claim = new NodeClaim((database.options as { url: string }).url, this.node);
  }

  /** Before anything is touched that a process of this name owns. @throws Error if there is one */
  claimPlace(): Promise<void> {
    return this.claim.take();
  }

  releasePlace(): Promise<void> {
    return this.claim.release();
  }

  /** Tells the others that this node is back and that no answer from before is outstanding. */
  async arrive(): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO nodes (node, boot_id, seen_at) VALUES ($1, $2, clock_timestamp())
         ON CONFLICT (node) DO UPDATE SET boot_id = excluded.boot_id, seen_at = excluded.seen_at`,
        [this.node, this.settings.bootId],
      );
      // The process that held these was this node and is dead: no lease has to outlive a send that nobody reads any
      // more. Waiting would not help at a strict provider either; if it has acted on the first request, the second is
      // one too many whenever it comes, and if it has not, the second is the repair.
      await tx.query(
        `UPDATE tokensets t SET lease_owner = NULL, lease_until = NULL FROM refresh_attempts a
         WHERE a.tokenset_id = t.id AND a.state = 'sent'
           AND a.node = $1 AND a.boot_id <> $2 AND t.lease_owner = a.boot_id`,
        [this.node, this.settings.bootId],
      );
    });
    this.heardAt = performance.now();
    this.heartbeat = setInterval(() => void this.beat(), HEARTBEAT_MS).unref();
  }

  /** Since we last could not reach the database: what was silent then may only not have been heard. */
  secondsSinceFailure(): number | null {
    const now = performance.now();
    if (now - this.heardAt > DEAF_MS) return 0;
    return this.failedAt === null ? null : (now - this.failedAt) / 1000;
  }

  /** Gone in order: nobody has to wait for an answer of ours, unless there is one, or a refresh or a code is under way. */
  async leave({ isEmpty }: { isEmpty: boolean }): Promise<void> {
    clearInterval(this.heartbeat);
    if (isEmpty)
      await this.database.query(
        `DELETE FROM nodes WHERE node = $1 AND boot_id = $2
           AND NOT EXISTS (SELECT FROM refresh_attempts WHERE node = $1 AND boot_id = $2 AND state = 'sent')
           AND NOT EXISTS (SELECT FROM redeems WHERE node = $1 AND boot_id = $2 AND state = 'sent')`,
        [this.node, this.settings.bootId],
      );
    await this.looking;
  }

  /** The claim is looked at beside: what it takes to ask must not make a process that lives look silent. */
  private async beat(): Promise<void> {
    this.looking ??= this.lookAtClaim().finally(() => (this.looking = undefined));
    if (this.isBeating) return;
    this.isBeating = true;
    try {
      await this.database.query('UPDATE nodes SET seen_at = clock_timestamp() WHERE node = $1 AND boot_id = $2', [
        this.node,
        this.settings.bootId,
      ]);
      const now = performance.now();
      if (now - this.heardAt > DEAF_MS) this.failedAt = now;
      this.heardAt = now;
    } catch (error) {
      this.failedAt = performance.now();
      this.logger.warn({ err: error }, 'heartbeat not written');
    } finally {
      this.isBeating = false;
    }
  }

  private async lookAtClaim(): Promise<void> {
    try {
      if (!(await this.claim.keep()))
        this.logger.error({ node: this.node }, 'another process runs as this node: give each a STRONGROOM_SPILL_DIR');
    } catch (error) {
      this.logger.warn({ err: error }, 'the claim on the node could not be looked at');
    }
  }
}
