import type { OutgoingRecord } from './event-bus.js';
import { topicOf } from './outbox-insert.js';

export interface OutboxRow {
  position: string;
  id: string;
  aggregatetype: string;
  aggregateid: string;
  type: string;
  sequence: string;
  payload: string;
  traceparent: string | null;
  created_at: Date;
}

/** CloudEvents 1.0, Kafka protocol binding, binary mode (`spec/events.md` §2). The same for every transport. */
export const cloudEvent = (context: string, row: OutboxRow): OutgoingRecord => ({
  topic: topicOf(row.aggregatetype),
  key: row.aggregateid,
  headers: {
    'content-type': 'application/json; charset=utf-8',
    ce_specversion: '1.0',
    ce_id: row.id,
    ce_source: sourceOf(context),
    ce_type: row.type,
    ce_subject: row.aggregateid,
    ce_partitionkey: row.aggregateid,
    ce_time: row.created_at.toISOString(),
    ce_dataschema: row.type.replace(/^strongroom\.(.+)\.(v\d+)$/, 'urn:strongroom:schema:$1:$2'),
    ce_sequence: row.sequence.padStart(20, '0'),
    ...(row.traceparent ? { ce_traceparent: row.traceparent } : {}),
  },
  value: row.payload,
});

export const sourceOf = (context: string): string => `urn:strongroom:${context}`;
