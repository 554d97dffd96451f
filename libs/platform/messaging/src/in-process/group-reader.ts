import type { Deliverer } from '../deliverer.js';
import type { IncomingRecord } from '../event-bus.js';
import type { Position } from './in-process-bus.js';
import { LogReader, type LogReaderOptions } from './log-reader.js';

const RECORDS_OF_A_PARTITION = 50;
const LOOK_EVERY_MS = 1000;
/** Partitions are read side by side, each strictly in order: one that waits holds up no other. */
export class GroupReader extends LogReader<LogReaderOptions & { deliverer: Deliverer }> {
  protected override async read(): Promise<void> {
    const { bus, group } = this.options;
    const idle = new Set(await bus.positions(group.name, group.topics));
    const busy = new Set<Promise<void>>();
    const failures: unknown[] = [];
    try {
      while (this.mayRead && failures.length === 0) {
        const found = idle.size > 0 ? await bus.after([...idle], RECORDS_OF_A_PARTITION) : [];
        for (const position of idle) {
          const records = found.filter((r) => r.topic === position.topic && r.partition === position.partition);
          if (records.length === 0) continue;
          idle.delete(position);
          const work = this.work(position, records)
            .then(
              () => void idle.add(position),
              (error: unknown) => void failures.push(error),
            )
            .finally(() => {
              busy.delete(work);
              this.wakeup.wake();
            });
          busy.add(work);
        }
        await this.wakeup.next(LOOK_EVERY_MS);
      }
    } finally {
      await Promise.all(busy);
    }
    if (failures.length > 0) throw failures[0];
  }

  /** The offset moves after the handler's commit: a crash between the two delivers again. */
  private async work(position: Position, records: readonly IncomingRecord[]): Promise<void> {
    const { bus, group, deliverer } = this.options;
    for (const { offset, ...rest } of records) {
      if (!this.mayRead) return;
      await deliverer.deliver({ ...rest, offset });
      position.offset = offset;
      await bus.move(group.name, [position]);
    }
  }
}
