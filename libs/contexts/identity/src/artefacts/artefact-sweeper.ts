import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { LOGGER, type Logger } from '@strongroom/observability';
import { DataSource } from 'typeorm';

const BATCH = 1000;

/** Removes what has ended, each minute. Rows in use are skipped, so it never waits and never makes anybody wait. */
@Injectable()
export class ArtefactSweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.running ??= this.sweep()
        .then(
          () => undefined,
          (error: unknown) => this.logger.warn({ err: error }, 'sweeping artefacts failed; tried again in a minute'),
        )
        .finally(() => (this.running = undefined));
    }, 60_000).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.running;
  }

  /** How many rows went. */
  async sweep(): Promise<number> {
    let all = 0;
    for (let removed = BATCH; removed === BATCH; all += removed) removed = await this.batch();
    await this.database.query(SWEEP_FACTS);
    await this.database.query(FORGET_SUCCESSORS);
    return all;
  }

  /** A refresh token that was rotated away stays, as a trap, until its whole family has ended. */
  private async batch(): Promise<number> {
    const [, removed] = await this.database.query<[unknown, number]>(
      `delete from artefacts where (kind, id_hash) in (
         select kind, id_hash from artefacts a
         where expires_at < clock_timestamp() and ${IS_SETTLED} and not (family_id is not null and exists (
           select 1 from artefacts f where f.family_id = a.family_id and f.expires_at >= clock_timestamp()))
         limit ${BATCH} for update skip locked)`,
    );
    return removed;
  }
}

/** What was ended stays as long as a request that began before could write it again. */
const IS_SETTLED = `(kind <> 'Grant' or consumed_at is null or consumed_at < clock_timestamp() - interval '1 hour')`;

/** A successor is kept, sealed, for those who ask again within the leeway, and for nobody after it. */
const FORGET_SUCCESSORS = `update artefacts set successor_sealed = null where (kind, id_hash) in (
  select kind, id_hash from artefacts a
  where successor_sealed is not null and consumed_at < clock_timestamp() - make_interval(secs => coalesce(
    (select (c.refresh_token->>'leeway')::float8 from clients c where c.client_id = a.client_id), 0))
  for update skip locked)`;

/** Of sessions that ended, or that nobody came back to. */
const SWEEP_FACTS = `delete from session_facts f
  where coalesce(ended_at, updated_at) < clock_timestamp() - interval '1 hour' and not exists (
    select 1 from artefacts a where a.kind = 'Session' and a.uid = f.uid and a.expires_at >= clock_timestamp())`;
