import type { Consumer } from './kafka.js';

export interface LifeEvents {
  /** Partitions may go to others from now on. */
  leaving: () => void;
  /** The group has a new generation, and this member these partitions by topic. */
  joined: (assignment: Record<string, number[]>) => Promise<void>;
}

/** A consumer that says nothing for so long is stuck; a rebalance takes up to a minute. */
const SILENCE_MS = 150_000;

/**
 * Tells what becomes of a consumer, from before its connection on.
 *
 * @returns what rejects once the consumer is of no more use, and resolves when `closing` fires.
 */
export function lifeOf(consumer: Consumer, closing: AbortSignal, { leaving, joined }: LifeEvents): Promise<void> {
  const { GROUP_JOIN, REBALANCING, CRASH, FETCH, HEARTBEAT } = consumer.events;
  let silence: NodeJS.Timeout | undefined;
  const life = new Promise<void>((closed, failed) => {
    silence = setTimeout(() => failed(new Error('the consumer says nothing any more')), SILENCE_MS).unref();
    if (closing.aborted) closed();
    closing.addEventListener('abort', () => closed(), { once: true });
    let isBetween = true;
    consumer.on(REBALANCING, () => {
      isBetween = true;
      leaving();
    });
    consumer.on(GROUP_JOIN, ({ payload }) => {
      // kafkajs joins within a fetch when it meets stale metadata. What other fetches bring then may lie beyond what
      // was dropped here, and would move the offset past it: only a new consumer is certain to begin in the right place.
      if (!isBetween) {
        leaving();
        return failed(new Error('the group was joined while records were under way'));
      }
      isBetween = false;
      joined(payload.memberAssignment).catch(failed);
    });
    consumer.on(CRASH, ({ payload }) => failed(payload.error));
    for (const sign of [FETCH, HEARTBEAT]) consumer.on(sign, () => void silence?.refresh());
  });
  return life.finally(() => clearTimeout(silence));
}
