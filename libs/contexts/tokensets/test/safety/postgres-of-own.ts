import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '@strongroom/persistence';
import pg from 'pg';

/** A Postgres that a test may stop in the middle of anything and start again at its place. */
export class PostgresOfOwn {
  private constructor(
    private readonly dataDir: string,
    private server: EmbeddedPostgres,
  ) {}

  static async start(): Promise<PostgresOfOwn> {
    // Not under a directory that only we may enter: as root, Postgres runs as somebody else.
    const dataDir = join('/var/tmp', `strongroom-safety-${randomUUID()}`);
    const first = await startEmbeddedPostgres({ dataDir });
    const owner = new pg.Client({ connectionString: first.url });
    await owner.connect();
    // Each refresh held inside its commit keeps a connection. What a killed *server* had not written is not the question.
    for (const setting of ['max_connections = 400', 'fsync = off', 'full_page_writes = off'])
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
