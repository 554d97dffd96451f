import { Injectable } from '@nestjs/common';
import { type EventContract, eventContracts, MalformedEventError, type WireEvent } from '@strongroom/contracts';
import type { EntityManager } from 'typeorm';

/** An event on its way into the ledger: as it came, and what it is found by. */
export interface LedgerLine {
  eventId: string;
  name: string;
  actorKind: string;
  occurredAt: string;
  headers: string;
  data: string;
}

const contracts = new Map<string, EventContract>(eventContracts.map((contract) => [contract.ceType, contract]));

/** @throws MalformedEventError */
export function ledgerLine(wire: WireEvent): LedgerLine {
  const contract = contracts.get(wire.headers['ce_type'] ?? '');
  if (!contract) throw new MalformedEventError('no event of ours');
  const { id, name, time, data } = contract.read(wire);
  return {
    eventId: id,
    name,
    actorKind: (data as { actor: { kind: string } }).actor.kind,
    occurredAt: time.toISOString(),
    headers: JSON.stringify(wire.headers),
    data: wire.value,
  };
}

/** The one writer of the ledger. */
@Injectable()
export class Ledger {
  /**
   * In the order given, each event once. JSON comes as arrays of JSON: in arrays of Postgres each of its quotes would be
   * escaped, and read again. The lock is taken before the last number is read and held until the commit:
   * numbers have no gaps and become visible in order.
   */
  async append(tx: EntityManager, lines: readonly LedgerLine[]): Promise<void> {
    const once = [...new Map(lines.map((line) => [line.eventId, line])).values()];
    if (once.length === 0) return;
    await tx.query(`SELECT pg_advisory_xact_lock(hashtext('strongroom:ledger'))`);
    await tx.query(
      `INSERT INTO ledger (n, event_id, name, actor_kind, occurred_at, headers, data)
       SELECT (SELECT coalesce(max(n), 0) FROM ledger) + row_number() OVER (ORDER BY place),
         event_id, name, actor_kind, occurred_at, headers, data
       FROM ROWS FROM (unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]),
         json_array_elements($5::json), json_array_elements($6::json)) WITH ORDINALITY
         AS line(event_id, name, actor_kind, occurred_at, headers, data, place)
       WHERE NOT EXISTS (SELECT FROM ledger WHERE ledger.event_id = line.event_id)`,
      [
        once.map(({ eventId }) => eventId),
        once.map(({ name }) => name),
        once.map(({ actorKind }) => actorKind),
        once.map(({ occurredAt }) => occurredAt),
        `[${once.map(({ headers }) => headers).join()}]`,
        `[${once.map(({ data }) => data).join()}]`,
      ],
    );
  }
}
