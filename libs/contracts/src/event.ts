import { z } from 'zod';
import { isInstant } from './leaf.js';
import { type QuickCheck, quickCheck } from './quick-check.js';
import { tolerant } from './tolerant.js';

/** An event larger than this is refused before the outbox, and the change with it. */
export const MAX_EVENT_BYTES = 64 * 1024;

/** CloudEvents 1.0 attributes and data of one event, as a handler reads it. */
export interface ReceivedEvent<Data = unknown> {
  /** UUIDv7, the same through every redelivery. */
  readonly id: string;
  /** Short name, `tokenset.deleted`. */
  readonly name: string;
  /** Id of the thing; the key. */
  readonly subject: string;
  /** The thing's event version; grows by 1 with each of its events. */
  readonly sequence: number;
  readonly time: Date;
  readonly data: Data;
}

/** What a transport hands to a handler: headers and value as they came. */
export interface WireEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

export class EventTooLargeError extends Error {
  override readonly name = 'EventTooLargeError';
}

/** What arrived is not the event it should be. Trying again will not help. */
export class MalformedEventError extends Error {
  override readonly name = 'MalformedEventError';
}

/** One kind of event: where it travels, what it carries, how it is made and read. */
export class EventContract<Data = unknown> {
  readonly ceType: string;
  readonly dataSchema: string;
  private readonly reading: z.ZodType;
  private readonly isUsual: QuickCheck;

  constructor(
    readonly topic: string,
    /** Contexts that may say it, as in `ce_source`. */
    readonly producers: readonly string[],
    /** `tokenset.deleted`; also the `@EventPattern`. */
    readonly name: string,
    readonly schema: z.ZodObject,
  ) {
    this.ceType = `strongroom.${name}.v1`;
    this.dataSchema = `urn:strongroom:schema:${name}:v1`;
    this.reading = tolerant(schema);
    this.isUsual = quickCheck(schema);
  }

  /** Strict: an unknown member or a value that looks like a secret is refused. Returns the bytes of the value. */
  write(data: Data): string {
    const value = JSON.stringify(this.isUsual(data) ? data : this.schema.parse(data));
    if (Buffer.byteLength(value) > MAX_EVENT_BYTES)
      throw new EventTooLargeError(`a ${this.name} of ${Buffer.byteLength(value)} bytes is over ${MAX_EVENT_BYTES}`);
    return value;
  }

  /**
   * Tolerant: unknown members are dropped, and a value that an enumeration has gained since is handed on as it is;
   * treat it as "other".
   *
   * @throws MalformedEventError unless the event is of this kind and keeps its contract.
   */
  read(wire: unknown): ReceivedEvent<Data> {
    try {
      const { headers, value } = isUsualEnvelope(wire as WireEvent) ? (wire as WireEvent) : envelope.parse(wire);
      if (headers.ce_type !== this.ceType) throw new Error(`${this.ceType} expected`);
      return {
        id: headers.ce_id,
        name: this.name,
        subject: headers.ce_subject,
        sequence: Number(headers.ce_sequence),
        time: new Date(headers.ce_time),
        data: this.dataOf(JSON.parse(value)),
      };
    } catch (error) {
      throw new MalformedEventError(`no readable ${this.name}`, { cause: error });
    }
  }

  private dataOf(value: unknown): Data {
    return (this.isUsual(value) ? value : this.reading.parse(value)) as Data;
  }
}

/** A UUID of version 7, as the outbox makes them. */
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SEQUENCE = /^\d{20}$/;

const isLike = (shape: RegExp, value: unknown): boolean => typeof value === 'string' && shape.test(value);

/** For certain; otherwise the schema decides, as with the data. */
function isUsualEnvelope(wire: Partial<WireEvent> | null): boolean {
  const { headers, value } = wire ?? {};
  return (
    typeof value === 'string' &&
    typeof headers === 'object' &&
    isLike(UUID_V7, headers['ce_id']) &&
    typeof headers['ce_type'] === 'string' &&
    typeof headers['ce_subject'] === 'string' &&
    headers['ce_subject'] !== '' &&
    isLike(SEQUENCE, headers['ce_sequence']) &&
    isInstant(headers['ce_time'])
  );
}

const envelope = z.object({
  headers: z.object({
    ce_id: z.uuid(),
    ce_type: z.string(),
    ce_subject: z.string().min(1),
    ce_sequence: z.string().regex(SEQUENCE),
    ce_time: z.iso.datetime(),
  }),
  value: z.string(),
});

export type DataOf<C> = C extends EventContract<infer Data> ? Data : never;
