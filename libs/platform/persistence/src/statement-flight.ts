import pg from 'pg';

/** A statement that is prepared once for each connection: its text never changes. Values are as Postgres reads them, text. */
export interface Statement {
  text: string;
  values: readonly (string | null)[];
}

export type Row = Record<string, unknown>;

/** Columns repeat from row to row (a client's grants, say): what was read of the same text is not read again. */
interface Column {
  name: string;
  read(text: string): unknown;
  lastText: string | null;
  last: unknown;
}

interface Prepared {
  name: string;
  columns: Column[];
}

/** By text, of each connection. */
const preparedOn = new WeakMap<pg.Connection, Map<string, Prepared>>();
let names = 0;

/**
 * Statements that share a round trip: one write, one wakeup of the server, one answer. `pg` itself writes for each of them
 * and has its columns described each time, which was a quarter of the processor time of an exchange; here that is done
 * once for each connection.
 *
 * They are one transaction: if one fails, none has happened.
 */
export class StatementFlight implements pg.Submittable {
  private readonly results: Row[][] = [];
  private rows: Row[] = [];
  private columns: Column[] = [];
  private prepared: Prepared[] = [];
  private known = new Map<string, Prepared>();

  constructor(
    private readonly statements: readonly Statement[],
    private readonly landed: (results: Row[][]) => void,
    private readonly failed: (error: Error) => void,
  ) {}

  submit(connection: pg.Connection): void {
    this.known = preparedOn.get(connection) ?? new Map<string, Prepared>();
    preparedOn.set(connection, this.known);
    connection.stream.cork();
    for (const { text, values } of this.statements) {
      const known = this.known.get(text);
      // A name of its own each time: whether one that failed was prepared before it failed is not known.
      const prepared = known ?? { name: `flown-${++names}`, columns: [] };
      this.prepared.push(prepared);
      if (!known) connection.parse({ name: prepared.name, text, types: [] }, true);
      connection.bind({ statement: prepared.name, values: [...values] }, true);
      if (!known) connection.describe({ type: 'P' }, true);
      connection.execute(null, true);
    }
    connection.sync();
    connection.stream.uncork();
    this.columns = this.prepared[0]?.columns ?? [];
  }

  handleRowDescription({ fields }: { fields: { name: string; dataTypeID: number }[] }): void {
    this.columns = fields.map(({ name, dataTypeID }) => {
      const read = pg.types.getTypeParser(dataTypeID) as (text: string) => unknown;
      return { name, read, lastText: null, last: null };
    });
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    const row: Row = {};
    for (let i = 0; i < fields.length; i++) row[this.columns[i]!.name] = valueOf(this.columns[i]!, fields[i]!);
    this.rows.push(row);
  }

  handleCommandComplete(): void {
    const at = this.results.length;
    const prepared = this.prepared[at]!;
    prepared.columns = this.columns;
    this.known.set(this.statements[at]!.text, prepared);
    this.results.push(this.rows);
    this.rows = [];
    this.columns = this.prepared[at + 1]?.columns ?? [];
  }

  handleReadyForQuery(): void {
    this.landed(this.results);
  }

  handleError(error: Error): void {
    this.failed(error);
  }
}

/** Nobody changes what was read, so rows may share it. */
function valueOf(column: Column, text: string | null): unknown {
  if (text === null) return null;
  if (text !== column.lastText) {
    column.last = column.read(text);
    column.lastText = text;
  }
  return column.last;
}
