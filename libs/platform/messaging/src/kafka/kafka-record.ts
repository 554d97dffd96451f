import type { IncomingRecord } from '../event-bus.js';
import type { EachBatchPayload } from './kafka.js';

type Message = EachBatchPayload['batch']['messages'][number];

/** Headers and value as text: what the outbox wrote, byte for byte. */
export const incomingRecord = (topic: string, partition: number, message: Message): IncomingRecord => ({
  topic,
  partition,
  offset: Number(message.offset),
  key: message.key?.toString() ?? null,
  headers: Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([name, value]) => [
      name,
      String(Array.isArray(value) ? value[0] : value),
    ]),
  ),
  value: message.value?.toString() ?? null,
});

/** What it occupies, about. */
export const sizeOf = ({ key, value, headers }: Message): number =>
  (key?.length ?? 0) + (value?.length ?? 0) + Object.keys(headers ?? {}).length * 64;
