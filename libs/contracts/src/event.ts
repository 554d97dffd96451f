import { z } from 'zod';
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
  }

  /** Strict: an unknown member or a value that looks like a secret is refused. Returns the bytes of the value. */
  write(data: Data): string {
    const value = JSON.stringify(this.schema.parse(data));
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
      const { headers, value } = envelope.parse(wire);
      if (headers.ce_type !== this.ceType) throw new Error(`${this.ceType} expected`);
      return {
        id: headers.ce_id,
        name: this.name,
        subject: headers.ce_subject,
        sequence: Number(headers.ce_sequence),
        time: new Date(headers.ce_time),
        data: this.reading.parse(JSON.parse(value)) as Data,
      };
    } catch (error) {
      throw new MalformedEventError(`no readable ${this.name}`, { cause: error });
    }
  }
}

const envelope = z.object({
  headers: z.object({
    ce_id: z.uuid(),
    ce_type: z.string(),
    ce_subject: z.string().min(1),
    ce_sequence: z.string().regex(/^\d{20}$/),
    ce_time: z.iso.datetime(),
  }),
  value: z.string(),
});

export type DataOf<C> = C extends EventContract<infer Data> ? Data : never;
