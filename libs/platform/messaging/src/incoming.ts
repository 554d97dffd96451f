import type { EventContract, WireEvent } from '@strongroom/contracts';
import { sourceOf } from './cloud-event.js';
import type { IncomingRecord } from './event-bus.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What an event server makes of a record before a handler sees it. */
export type Reading =
  | { outcome: 'handle'; contract: EventContract }
  /** A type that this group does not know. */
  | { outcome: 'skip' }
  | { outcome: 'park'; record: IncomingRecord; errorClass: string };

export function readingOf(record: IncomingRecord, contracts: ReadonlyMap<string, EventContract>): Reading {
  const { ce_id: eventId, ce_subject: subject, ce_type: type, ce_source: source } = record.headers;
  // Without a key nothing can be kept in order behind it: such a record blocks nothing.
  if (!record.key || record.key !== subject || !UUID.test(eventId ?? '') || !type)
    return { outcome: 'park', record: { ...record, key: null }, errorClass: 'UnreadableEvent' };
  const contract = contracts.get(type);
  if (!contract) return { outcome: 'skip' };
  if (contract.topic !== record.topic || !contract.producers.some((producer) => source === sourceOf(producer)))
    return { outcome: 'park', record, errorClass: 'WrongSource' };
  return { outcome: 'handle', contract };
}

export const wireOf = ({ headers, value }: IncomingRecord): WireEvent => ({ headers, value: value ?? '' });
