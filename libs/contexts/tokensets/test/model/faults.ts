import type { Wire } from './model-database.js';

class ConnectionLost extends Error {
  readonly code = '57P01';
  constructor() {
    super('terminating connection due to administrator command');
  }
}

/** Heartbeats are no part of a tokenset, and come often. */
const WRITES = /^\s*(COMMIT|UPDATE tokensets|UPDATE refresh_attempts)/;

/** Between one node and the database: what was broken on purpose, and what breaks by the history. */
export class FaultyWire implements Wire {
  private left: number | undefined;
  private isExecuted = false;
  /** Statements after which something else may be durable. */
  writes = 0;

  constructor(
    private readonly database: { isUp: boolean },
    private readonly broken: (sql: string) => string,
  ) {}

  /** The statement after so many others is not answered, whether or not it was executed. */
  failAfter(statements: number, isExecuted: boolean): void {
    this.left = statements;
    this.isExecuted = isExecuted;
  }

  heal(): void {
    this.left = undefined;
  }

  sql(text: string): string {
    return this.broken(text);
  }

  before(): void {
    if (!this.database.isUp) throw new ConnectionLost();
    if (this.left === undefined) return;
    if (this.left === 0 && !this.isExecuted) this.lose();
    else this.left -= 1;
  }

  after(text: string): void {
    if (WRITES.test(text)) this.writes += 1;
    if (this.left !== undefined && this.left < 0) this.lose();
  }

  private lose(): never {
    this.left = undefined;
    throw new ConnectionLost();
  }
}
