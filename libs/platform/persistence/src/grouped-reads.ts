import { arrayText } from './array-text.js';
import { GroupsByArrival, isOfItsData } from './groups-by-arrival.js';
import type { Row, Statement } from './statement-flight.js';

/** What one caller has for the arrays of a statement. */
export type Value = string | number | boolean | Buffer | null;

interface Waiting {
  text: string;
  values: readonly Value[];
  answered: (rows: Row[]) => void;
  failed: (error: unknown) => void;
}

/** Two at once made smaller groups, and each costs the same writes and wakeups however many it is for. */
const MOST = { inFlight: 1, inGroup: 200 };

/**
 * Reads for many callers at once: those that ask for the same share a statement, and all statements of a group share a round
 * trip. Nobody gets what was read before they asked: a group is closed when its statements leave.
 */
export class GroupedReads {
  private readonly groups = new GroupsByArrival<Waiting>(MOST, (group) => this.answer(group));

  /** @param read answers each statement with rows that say by `place`, from 1, whose of its callers they are */
  constructor(private readonly read: (statements: Statement[]) => Promise<Row[][]>) {}

  rows(text: string, values: readonly Value[]): Promise<Row[]> {
    return new Promise((answered, failed) => this.groups.add({ text, values, answered, failed }));
  }

  private async answer(group: Waiting[]): Promise<void> {
    const ofText = [...byText(group)];
    try {
      const results = await this.read(ofText.map(([text, callers]) => ({ text, values: columnsOf(callers) })));
      ofText.forEach(([, callers], i) => handOut(results[i]!, callers));
    } catch (error) {
      // One of them asks for what cannot be read: the others must not fail with it. A database that is away is asked once.
      if (group.length === 1 || !isOfItsData(error)) for (const { failed } of group) failed(error);
      else {
        const half = Math.ceil(group.length / 2);
        await this.answer(group.slice(0, half));
        await this.answer(group.slice(half));
      }
    }
  }
}

function byText(group: readonly Waiting[]): Map<string, Waiting[]> {
  const found = new Map<string, Waiting[]>();
  for (const one of group) {
    const same = found.get(one.text);
    if (same) same.push(one);
    else found.set(one.text, [one]);
  }
  return found;
}

const columnsOf = (callers: readonly Waiting[]): string[] =>
  callers[0]!.values.map((_, column) => arrayText(callers.map(({ values }) => values[column])));

function handOut(rows: readonly Row[], callers: readonly Waiting[]): void {
  const ofPlace: Row[][] = callers.map(() => []);
  for (const row of rows) ofPlace[(row['place'] as number) - 1]!.push(row);
  callers.forEach(({ answered }, place) => answered(ofPlace[place]!));
}
