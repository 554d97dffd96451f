import type { Row, Statement } from './statement-flight.js';
import { HASTE, Wire } from './wire.js';

/** As many connections as statements may be under way at once, each for one at a time. */
export class Wires {
  private readonly idle: Wire[];
  private readonly all: readonly Wire[];

  constructor(connectionString: string, schema: string, size: number) {
    const options = `-c search_path=${schema} ${HASTE}`;
    const config = { connectionString, options, application_name: `strongroom-${schema}-writes` };
    this.all = Array.from({ length: size }, () => new Wire(config));
    this.idle = [...this.all];
  }

  /** @throws Error for more at once than there are connections: whoever groups them has to see to it */
  async fly(statement: Statement): Promise<Row[]> {
    const wire = this.idle.pop();
    if (!wire) throw new Error('more statements at once than connections');
    try {
      const [rows] = await wire.fly([statement]);
      return rows!;
    } finally {
      this.idle.push(wire);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((wire) => wire.close()));
  }
}
