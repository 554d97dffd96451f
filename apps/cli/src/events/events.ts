import type { ServiceName } from '@strongroom/contracts';
import { openManagement, type Where as Installation } from '../management/open-management.js';
import { type Parked, ParkedEvents } from './parked-events.js';

export interface Where extends Installation {
  context: ServiceName;
}
type Say = (line: string) => void;

export async function listParked(where: Where, key: string | undefined, say: Say): Promise<void> {
  const parked = await (await open(where)).list(key);
  for (const one of parked) say(lineOf(one));
  say(`${parked.length} parked.`);
}

/** Key by key; a key that fails again keeps what is left of it. */
export async function replayParked(where: Where, key: string | undefined, say: Say): Promise<void> {
  const events = await open(where);
  const sum = { replayed: 0, parked: 0 };
  for (const first of firstOfEachKey(await events.list(key))) {
    const { replayed, parked } = await events.replay(first);
    say(`${first.topic} ${first.key ?? first.event_id ?? first.id}: ${replayed} replayed, ${parked} still parked`);
    sum.replayed += replayed;
    sum.parked += parked;
  }
  say(`${sum.replayed} replayed, ${sum.parked} still parked.`);
  if (sum.parked > 0) throw new Error('some failed again: mend what their error class says, or drop them.');
}

/** @param id of the event, or of its row where it has none. */
export async function dropParked(where: Where, id: string, reason: string, say: Say): Promise<void> {
  const events = await open(where);
  const found = (await events.list()).find((one) => one.event_id === id || one.id === id);
  if (!found) throw new Error(`no event ${id} is parked at ${where.context}: "strongroom events parked" lists them.`);
  await events.drop(found, reason);
  say(`dropped ${lineOf(found)}`);
}

const open = async (where: Where): Promise<ParkedEvents> =>
  new ParkedEvents(await openManagement(where), where.context);

/** An event without a key waits for nobody and stands for itself. */
const firstOfEachKey = (parked: readonly Parked[]): Parked[] =>
  [
    ...new Map(
      [...parked].reverse().map((one) => [one.key === null ? one.id : `${one.topic} ${one.key}`, one] as const),
    ).values(),
  ].reverse();

const lineOf = (one: Parked): string =>
  `${one.id}  ${one.parked_at}  ${one.consumer}  ${one.type ?? one.topic}  key ${one.key ?? '–'}  ` +
  `event ${one.event_id ?? '–'}  sequence ${one.sequence ?? '–'}  ${one.error_class}, tried ${one.tries} times`;
