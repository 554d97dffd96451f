import { randomUUID } from 'node:crypto';
import type { DataSource } from 'typeorm';

export interface Load {
  kind: 'process' | 'installation' | 'master';
  key: string;
  state: string;
}

const PRESENT: Load = { kind: 'process', key: '', state: 'live' };

/**
 * What this process tells the others of the keys it has. A rotation goes on only when every process that was seen of
 * late has what the next step needs.
 */
export class KeyLoads {
  /** One start of one ring. */
  readonly node = randomUUID();

  constructor(private readonly database: DataSource) {}

  /**
   * Before the keys are read. Whoever promotes a key either sees this row and waits, or has stored that key before we
   * read.
   */
  async present(): Promise<void> {
    await this.write([PRESENT]);
  }

  /** Exactly these. */
  report(loads: readonly Load[]): Promise<void> {
    return this.write([PRESENT, ...loads]);
  }

  /** Seals nothing any more: nobody has to wait for it. */
  async leave(): Promise<void> {
    await this.database.query('delete from key_loads where node = $1', [this.node]);
  }

  private async write(loads: readonly Load[]): Promise<void> {
    const rest = loads.length > 1 ? GONE : 'select 1';
    await this.database.query(`with kept as (${UPSERT}) ${rest}`, [
      this.node,
      loads.map(({ kind }) => kind),
      loads.map(({ key }) => key),
      loads.map(({ state }) => state),
    ]);
  }
}

const UPSERT = `insert into key_loads (node, kind, key, state)
  select $1, * from unnest($2::text[], $3::text[], $4::text[])
  on conflict (node, kind, key) do update set state = excluded.state, seen_at = excluded.seen_at,
    since = case when key_loads.state = excluded.state then key_loads.since else excluded.since end
  returning kind, key`;

const GONE = `delete from key_loads l where l.node = $1
  and not exists (select from kept where kept.kind = l.kind and kept.key = l.key)`;
