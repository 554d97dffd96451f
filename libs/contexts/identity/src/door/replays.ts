import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { sha256 } from '../hash.js';

/** Remembers what may be used once. */
export abstract class Replays {
  /** True for the first caller with this key, false for every other until `seconds` have passed. */
  abstract isFirst(key: string, seconds: number): Promise<boolean>;
}

/** One insert decides, for every process, and a restart forgets nothing. */
@Injectable()
export class StoredReplays extends Replays {
  constructor(private readonly database: DataSource) {
    super();
  }

  override async isFirst(key: string, seconds: number): Promise<boolean> {
    const rows: unknown[] = await this.database.query(
      `insert into artefacts (kind, id_hash, expires_at, payload)
       values ('Replay', $1, clock_timestamp() + make_interval(secs => $2), '{}')
       on conflict (kind, id_hash) do nothing returning 1`,
      [sha256(key), seconds],
    );
    return rows.length === 1;
  }
}
