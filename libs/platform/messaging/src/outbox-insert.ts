import type { EventContract } from '@strongroom/contracts';
import { arrayText } from '@strongroom/persistence';
import { partOf } from './key-hash.js';
import { uuidV7 } from './uuid-v7.js';

/** One event to be said. `id` is the id of the thing: the key and the `ce_subject`. */
export interface OutboxEntry<Data = unknown> {
  contract: EventContract<Data>;
  id: string;
  /** The thing's event version, as the same transaction wrote it; the first is 1. */
  sequence: number;
  data: Data;
}

/** Payloads come as one JSON array: in an array of Postgres each of their quotes would be escaped, and read again. */
const INSERT = `
  INSERT INTO outbox (id, aggregatetype, aggregateid, type, sequence, part, payload)
  SELECT * FROM ROWS FROM (unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::smallint[]),
    json_array_elements($7::json))`;

export interface OutboxInsert {
  text: string;
  values: string[];
}

/**
 * The text never changes, so that it can be a prepared statement, and values are text already; rows get their positions in the order given. Nobody
 * is notified: the relay finds the rows at its next look, at most 250 ms later.
 *
 * @throws ZodError or EventTooLargeError before anything is written, if an event does not keep its contract.
 */
export function outboxInsert(context: string, events: readonly OutboxEntry[]): OutboxInsert {
  const columns: (string | number)[][] = [[], [], [], [], [], []];
  const payloads: string[] = [];
  for (const { contract, id, sequence, data } of events) {
    if (!contract.producers.includes(context)) throw new Error(`${context} may not say ${contract.name}`);
    if (!id || !Number.isSafeInteger(sequence) || sequence < 1)
      throw new Error(`a ${contract.name} needs the id of its thing and a sequence from 1`);
    payloads.push(contract.write(data));
    const row = [uuidV7(), aggregateType(contract.topic), id, contract.ceType, sequence, partOf(id)];
    row.forEach((cell, column) => columns[column]!.push(cell));
  }
  return { text: INSERT, values: [...columns.map(arrayText), `[${payloads.join()}]`] };
}

/** `outboxInsert`, and the relay is woken when the transaction commits. */
export function notifyingOutboxInsert(context: string, events: readonly OutboxEntry[]): OutboxInsert {
  const { text, values } = outboxInsert(context, events);
  return {
    text: `WITH written AS (${text}) SELECT pg_notify('${OUTBOX_CHANNEL}', current_schema())`,
    values,
  };
}

/** Carries the schema whose outbox has rows. */
export const OUTBOX_CHANNEL = 'strongroom_outbox';

/** Topics are named `<prefix>.<plural>.v1`; the plural is what an outbox router calls the aggregate's type. */
const aggregateType = (topic: string): string => topic.split('.')[1]!;
export const topicOf = (type: string): string => `strongroom.${type}.v1`;
