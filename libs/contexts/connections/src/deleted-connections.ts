import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource, type EntityManager } from 'typeorm';
import type { ConnectionEntity } from './connection.entity.js';

/** Tokens are revoked for a day from the event of the deletion on, which may be late itself. */
const KEPT = "interval '3 days'";
const EVERY_MS = 600_000;

export type DescribedConnection = Pick<
  ConnectionEntity,
  'id' | 'name' | 'strategy' | 'options' | 'providerMetadata' | 'displayName' | 'loginActive' | 'vaultActive'
> &
  Pick<ConnectionEntity, 'allowMissingUserId'>;

/**
 * What is left of connections that revoked on delete, for as long as their accounts' tokens may be waiting for their
 * provider. The secret stays the box that it was; nobody but `tokensets` can open it.
 */
@Injectable()
export class DeletedConnections implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running = this.forget();
    }, EVERY_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** Any number of processes may do this at once. */
  async forget(): Promise<void> {
    try {
      await this.database.query(`DELETE FROM deleted_connections WHERE deleted_at < clock_timestamp() - ${KEPT}`);
    } catch (error) {
      this.logger.warn({ err: error }, 'deleted connections are forgotten the next time');
    }
  }
}

/** Deletes it and keeps what revoking needs, in one statement. Undefined: there is none, or it is built in. */
export async function deleteKeeping(tx: EntityManager, id: string): Promise<{ eventVersion: number } | undefined> {
  const [deleted] = await tx.query<{ event_version: number }[]>(
    `WITH gone AS (DELETE FROM connections WHERE id = $1 AND NOT built_in RETURNING *),
       kept AS (
         INSERT INTO deleted_connections (id, described, secret_box)
         SELECT id, jsonb_build_object('id', id, 'name', name, 'strategy', strategy, 'displayName', display_name,
           'options', options, 'providerMetadata', provider_metadata, 'loginActive', login_active,
           'vaultActive', vault_active, 'allowMissingUserId', allow_missing_user_id), secret_box
         FROM gone WHERE options -> 'revoke_on_delete' = 'true'
         ON CONFLICT (id) DO NOTHING
       )
     SELECT event_version FROM gone`,
    [id],
  );
  return deleted && { eventVersion: deleted.event_version };
}
