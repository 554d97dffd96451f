import { rm } from 'node:fs/promises';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@strongroom/persistence';
import { quickDirectory, startCopiedPostgres } from '@strongroom/testing';
import pg from 'pg';

/** A Postgres that a test may stop in the middle of anything and start again at its place. */
export class PostgresOfOwn {
  private constructor(
    private readonly dataDir: string,
    private server: EmbeddedPostgres,
  ) {}

  static async start(): Promise<PostgresOfOwn> {
    const dataDir = await quickDirectory('safety');
    const first = await startCopiedPostgres({ dataDir });
    const owner = new pg.Client({ connectionString: first.url });
    await owner.connect();
    // Each refresh held inside its commit keeps a connection. The copy forgets commits when it is stopped; this one may not.
    for (const setting of ['max_connections = 400', 'synchronous_commit = on'])
      await owner.query(`ALTER SYSTEM SET ${setting}`);
    await owner.end();
    await first.stop();
    const port = Number(new URL(first.url).port);
    return new PostgresOfOwn(dataDir, await startEmbeddedPostgres({ dataDir, port }));
  }

  get url(): string {
    return this.server.url;
  }

  /** As after a crash: no checkpoint, every session cut. */
  async stopImmediately(): Promise<void> {
    process.kill(this.server.pid, 'SIGQUIT');
    await this.server.ended;
  }

  async startAgain(): Promise<void> {
    const port = Number(new URL(this.server.url).port);
    this.server = await startEmbeddedPostgres({ dataDir: this.dataDir, port });
  }

  async remove(): Promise<void> {
    await this.server.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
