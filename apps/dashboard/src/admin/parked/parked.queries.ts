import { encoded, management } from '../../api/index.js';
import { useChange } from '../change.js';
import { useListing } from '../listing.js';

/** Each keeps what it could not handle itself; there is no list of all. */
export const CONTEXTS = ['connections', 'connected-accounts', 'tokensets', 'exchange', 'identity', 'audit'] as const;
export type Context = (typeof CONTEXTS)[number];

export interface ParkedEvent {
  id: string;
  consumer: string;
  topic: string;
  key: string | null;
  event_id: string | null;
  type: string | null;
  sequence: number | null;
  error_class: string;
  tries: number;
  parked_at: string;
}

const keyOf = (context: Context): string => `parked at ${context}`;

export const useParked = (context: Context) =>
  useListing<ParkedEvent>(keyOf(context), encoded`/events/${context}/parked`, 'parked');

/** Of this event's key, in sequence; a failure stops it and leaves the rest where it is. */
export const useReplay = (context: Context) =>
  useChange(
    (id: string) =>
      management<{ replayed: number; parked: number }>(encoded`/events/${context}/parked/${id}/replay`, {
        method: 'POST',
      }),
    keyOf(context),
  );

export const useDrop = (context: Context) =>
  useChange(
    ({ id, reason }: { id: string; reason: string }) =>
      management(encoded`/events/${context}/parked/${id}`, { method: 'DELETE', query: { reason } }),
    keyOf(context),
  );
