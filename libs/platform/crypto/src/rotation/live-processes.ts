import type { EntityManager } from 'typeorm';

/** How long a process that says nothing is waited for. */
const LIVE_SECONDS = 30;

export interface WantedLoad {
  kind: 'installation' | 'master';
  key: string;
  states: readonly string[];
  /** For how long it must have been so. */
  sinceSeconds?: number;
}

/** Every process that was seen of late has it, and there is one. */
export async function everyProcessHas(tx: EntityManager, wanted: WantedLoad): Promise<boolean> {
  const rows: { is_so: boolean }[] = await tx.query(
    `select coalesce(bool_and(exists (
        select from key_loads l where l.node = p.node and l.kind = $1 and l.key = $2 and l.state = any($3)
          and l.since <= clock_timestamp() - make_interval(secs => $4))), false) as is_so
     from key_loads p where p.kind = 'process' and p.seen_at > clock_timestamp() - make_interval(secs => ${LIVE_SECONDS})`,
    [wanted.kind, wanted.key, wanted.states, wanted.sinceSeconds ?? 0],
  );
  return rows[0]!.is_so;
}

export async function forgetDeadProcesses(tx: EntityManager): Promise<void> {
  await tx.query(`delete from key_loads where seen_at < clock_timestamp() - interval '1 hour'`);
}
