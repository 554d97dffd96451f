import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Controls, nothingBroken } from './controls.js';
import { FaultyWire } from './faults.js';
import { ModelDatabase } from './model-database.js';
import { Tally } from './tally.js';
import type { Ground } from './world.js';

const NODES = 2;
const INDEX = 'refresh_attempts_one_sent';

/** What all histories of a run stand on. */
export class ModelGround implements Ground {
  isUp = true;
  controls: Controls = nothingBroken;
  /** Where histories are kept: `STRONGROOM_SAFETY_RECORD`. */
  file = process.env['STRONGROOM_SAFETY_RECORD'];
  tally = new Tally();
  readonly directory = mkdtempSync(join(tmpdir(), 'strongroom-model-'));
  readonly wires = Array.from({ length: NODES }, () => new FaultyWire(this, (text) => this.controls.sql(text)));

  private constructor(
    readonly database: ModelDatabase,
    readonly sources: Ground['sources'],
    readonly outside: Ground['outside'],
  ) {}

  static async start(): Promise<ModelGround> {
    const database = await ModelDatabase.start();
    // Looked up after every step, which the product never does.
    await database.own.query('CREATE INDEX ON outbox (aggregateid)');
    const sources: Ground['sources'][number][] = [];
    const ground = new ModelGround(database, sources, database.own);
    for (const wire of ground.wires) sources.push(await database.connect(wire));
    return ground;
  }

  async withoutUniqueIndex(work: () => Promise<void>): Promise<void> {
    await this.database.own.query(`DROP INDEX ${INDEX}`);
    try {
      await work();
    } finally {
      await this.database.own.query(
        `CREATE UNIQUE INDEX ${INDEX} ON refresh_attempts (tokenset_id) WHERE state = 'sent'`,
      );
    }
  }

  async stop(): Promise<void> {
    for (const source of this.sources) await source.destroy();
    await this.database.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
