import { isDeepStrictEqual } from 'node:util';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { connectionUpdated } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { Outbox } from '@strongroom/messaging';
import { LOGGER, type Logger } from '@strongroom/observability';
import { Catalogue } from '@strongroom/providers';
import { DataSource, In } from 'typeorm';
import { told } from '../connection-events.js';
import { clientsOf, replaced } from '../connection-rows.js';
import { ConnectionEntity } from '../connection.entity.js';
import { movedTo } from './moved-metadata.js';
import { ProviderMetadata } from './provider-metadata.js';

const LOOK_EVERY_MS = 60_000;
const AT_ONCE = 10;

/**
 * Asks providers again what they say of themselves, once an hour. What can be told without an administrator is taken
 * over; where a secret would go elsewhere, or nobody answers, what was known stays in use.
 */
@Injectable()
export class RefreshProviderMetadata implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DataSource,
    private readonly outbox: Outbox,
    private readonly catalogue: Catalogue,
    private readonly metadata: ProviderMetadata,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.running.then(() => this.refreshDue());
    }, LOOK_EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Any number of processes may do this at once. */
  async refreshDue(): Promise<void> {
    try {
      for (let due = await this.claim(); due.length > 0; due = await this.claim())
        await Promise.all(due.map((row) => this.refresh(row)));
    } catch (error) {
      this.logger.warn({ err: error }, 'refreshing of provider metadata waits for the next time');
    }
  }

  /** Marked before the provider is asked: whatever becomes of it, nobody else asks within the hour. */
  private async claim(): Promise<ConnectionEntity[]> {
    const [claimed] = await this.database.query<[{ id: string }[], number]>(
      `UPDATE connections SET metadata_checked_at = clock_timestamp()
       WHERE id IN (
         SELECT id FROM connections
         WHERE provider_metadata IS NOT NULL AND metadata_checked_at < clock_timestamp() - interval '1 hour'
         ORDER BY metadata_checked_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED)
       RETURNING id`,
    );
    return this.database.manager.findBy(ConnectionEntity, { id: In(claimed.map(({ id }) => id)) });
  }

  private async refresh(row: ConnectionEntity): Promise<void> {
    try {
      const found = await this.metadata.now(row);
      if (found) await this.takeOver(row, found);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      await this.database.query(
        `UPDATE connections SET metadata_failing_since = coalesce(metadata_failing_since, clock_timestamp())
         WHERE id = $1`,
        [row.id],
      );
    }
  }

  private async takeOver(before: ConnectionEntity, found: Record<string, unknown>): Promise<void> {
    const moved = movedTo(this.catalogue, before, found);
    const after: ConnectionEntity = {
      ...before,
      metadataFailingSince: null,
      ...(moved ? { metadataRefused: moved } : { providerMetadata: found }),
    };
    const isTold = !isDeepStrictEqual(before.providerMetadata, after.providerMetadata);
    if (!isTold && before.metadataFailingSince === null && before.metadataRefused === after.metadataRefused) return;
    await this.database.transaction(async (tx) => {
      if (isTold) after.eventVersion = before.eventVersion + 1;
      // Changed in the meantime: whoever did has asked the provider himself, or the next hour comes.
      if (!(await replaced(tx, before, after)) || !isTold) return;
      const clients = await clientsOf(tx, after.id);
      const data = {
        ...told(this.catalogue, after, clients.length, { kind: 'system' }),
        changed: ['provider_metadata'],
      };
      await this.outbox.add(tx, connectionUpdated, { id: after.id, sequence: after.eventVersion, data });
    });
  }
}
