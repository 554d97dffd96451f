import type { IncomingRecord } from '../event-bus.js';
import { logger, until } from '../conformance/delivery-bench.js';
import { PartitionQueue, type PartitionWork } from './partition-queue.js';

const record = (offset: number, id = `id-${offset}`): IncomingRecord => ({
  topic: 'strongroom.connections.v1',
  partition: 0,
  offset,
  key: 'key',
  headers: { ce_id: id },
  value: '{}',
});

/** A partition's work that a test watches and holds up. */
function watched(given: Partial<PartitionWork> = {}) {
  const handled: number[] = [];
  const committed: number[] = [];
  const held: (() => void)[] = [];
  let drained = 0;
  const work: PartitionWork = {
    atOnce: 1,
    turn: (next) => next(),
    handle: async (records) => {
      handled.push(...records.map(({ offset }) => offset));
      await new Promise<void>((done) => held.push(done));
    },
    commit: (next) => Promise.resolve(void committed.push(next)),
    drained: () => void drained++,
    logger,
    ...given,
  };
  const release = async () => {
    await until(() => held.length > 0);
    held.shift()!();
  };
  return { work, handled, committed, release, drainedTimes: () => drained };
}

describe('PartitionQueue', () => {
  it('handles one after the other, and stores the offset of each before it takes the next', async () => {
    const { work, handled, committed, release } = watched();
    const queue = new PartitionQueue(work);
    for (const offset of [3, 4, 7]) queue.add(record(offset), 1);
    for (let i = 0; i < 3; i++) {
      await release();
      await until(() => committed.length === i + 1);
    }
    expect(handled).toEqual([3, 4, 7]);
    expect(committed).toEqual([4, 5, 8]);
    queue.close();
    await queue.ended();
  });

  it('takes as much at once as it may', async () => {
    const calls: number[] = [];
    const { work, committed } = watched({
      atOnce: 2,
      handle: (records) => Promise.resolve(void calls.push(records.length)),
    });
    const queue = new PartitionQueue(work);
    for (const offset of [1, 2, 3]) queue.add(record(offset), 1);
    await until(() => committed.length === 2);
    expect({ calls, committed }).toEqual({ calls: [2, 1], committed: [3, 4] });
    queue.close();
    await queue.ended();
  });

  it('drops what waits when it is closed, and ends what is in hand', async () => {
    const { work, handled, committed, release } = watched();
    const queue = new PartitionQueue(work);
    for (const offset of [1, 2]) queue.add(record(offset), 1);
    await until(() => handled.length === 1);
    queue.close();
    queue.add(record(3), 1);
    await release();
    await queue.ended();
    expect({ handled, committed }).toEqual({ handled: [1], committed: [2] });
  });

  it('waits for what its forerunner has in hand, and leaves out what that has done', async () => {
    const before = watched({ commit: () => Promise.reject(new Error('another generation')) });
    const first = new PartitionQueue(before.work);
    first.add(record(1), 1);
    await until(() => before.handled.length === 1);
    first.close();

    const after = watched();
    const second = new PartitionQueue(after.work, first.ended());
    for (const offset of [1, 2]) second.add(record(offset), 1);
    await new Promise((done) => setImmediate(done));
    expect(after.handled).toEqual([]);
    await before.release();
    await after.release();
    await until(() => after.committed.length === 2);
    expect({ handled: after.handled, committed: after.committed }).toEqual({ handled: [2], committed: [2, 3] });
    second.close();
    await second.ended();
  });

  it('knows a record by its id too: a topic that was made anew counts from the beginning', async () => {
    const before = watched({ handle: () => Promise.resolve() });
    const first = new PartitionQueue(before.work);
    first.add(record(1, 'old'), 1);
    await until(() => before.committed.length === 1);
    first.close();

    const after = watched();
    const second = new PartitionQueue(after.work, first.ended());
    second.add(record(1, 'new'), 1);
    await after.release();
    await until(() => after.committed.length === 1);
    expect(after.handled).toEqual([1]);
    second.close();
    await second.ended();
  });

  it('stores an offset before it goes on, however often that fails', async () => {
    let failures = 2;
    const { work, handled, committed } = watched({
      handle: (records) => Promise.resolve(void handled.push(...records.map(({ offset }) => offset))),
      commit: (next) =>
        failures-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve(void committed.push(next)),
    });
    const queue = new PartitionQueue(work);
    for (const offset of [1, 2]) queue.add(record(offset), 1);
    await until(() => committed.length === 2);
    expect({ handled, committed }).toEqual({ handled: [1, 2], committed: [2, 3] });
    queue.close();
    await queue.ended();
  });

  it('says that it is full, and when there is room again', async () => {
    const { work, committed, drainedTimes } = watched({ handle: () => Promise.resolve() });
    const queue = new PartitionQueue(work);
    queue.add(record(1), 300 * 1024);
    expect(queue.isFull).toBe(false);
    queue.add(record(2), 300 * 1024);
    expect(queue.isFull).toBe(true);
    await until(() => committed.length === 2);
    expect({ isFull: queue.isFull, drained: drainedTimes() }).toEqual({ isFull: false, drained: 1 });
    queue.close();
    await queue.ended();
  });
});
