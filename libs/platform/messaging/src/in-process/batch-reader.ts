import type { BatchDeliverer } from '../batch-deliverer.js';
import { LogReader, type LogReaderOptions } from './log-reader.js';

const LOOK_EVERY_MS = 1000;

/** Reads everything in the order of the log, in large batches. Its offsets lie beside its effects. */
export class BatchReader extends LogReader<LogReaderOptions & { batches: BatchDeliverer }> {
  protected override async read(): Promise<void> {
    const { bus, group, batches } = this.options;
    const topics = group.topics;
    const started = await bus.positions(group.name, topics);
    const stored = await batches.offsets();
    // All is read in one order: what lies below the furthest offset has been read.
    const own = stored.length > 0 ? stored : started;
    let offset = stored.length > 0 ? Math.max(...own.map((p) => p.offset)) : Math.min(...own.map((p) => p.offset));
    while (this.mayRead) {
      const records = await bus.following(topics, offset, group.batch!);
      if (records.length > 0) {
        await batches.deliverBatch(records);
        offset = records.at(-1)!.offset;
        // Only so that the log can be cleaned; where to read on is in the group's own database.
        await bus.move(
          group.name,
          started.map((position) => ({ ...position, offset })),
        );
      } else await this.wakeup.next(LOOK_EVERY_MS);
    }
  }
}
