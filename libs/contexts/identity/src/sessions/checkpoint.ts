import { cursor, listQuery, openCursor, ValidationError } from '@strongroom/http';
import { z } from 'zod';
import { sha256 } from '../hash.js';

/** Lists that only have the checkpoint shape; whoever asks for totals gets it too. */
const { from, take, include_totals } = listQuery;
export const checkpointMembers = { from, take, include_totals };
export const checkpointQuery = z.strictObject(checkpointMembers);
export type CheckpointQuery = z.output<typeof checkpointQuery>;

/** What a list is ordered by: newest first, and by id where two are of one moment. */
export interface Position {
  /** Microseconds since 1970. */
  at: string;
  id: string;
}

/** Of a column, to the microsecond that the database keeps; a `Date` would lose it. */
export const microseconds = (column: string): string => `(extract(epoch from ${column}) * 1000000)::bigint`;

const position = z.tuple([z.string(), z.string().regex(/^\d{1,18}$/), z.string().regex(/^[\w-]{1,100}$/)]);

/** One page. A cursor is good for the list that it came from, which `list` names; no other takes it. */
export async function checkpointPage<Row extends Position>(
  plural: string,
  list: string,
  { from, take = 50 }: CheckpointQuery,
  read: (after: Position | null, limit: number) => Promise<Row[]>,
  show: (row: Row) => Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const name = sha256(list).toString('base64url').slice(0, 16);
  const rows = await read(from === undefined ? null : positionOf(name, from), take + 1);
  const last = rows.length > take ? rows[take - 1] : undefined;
  return {
    [plural]: rows.slice(0, take).map(show),
    ...(last ? { next: cursor(JSON.stringify([name, last.at, last.id])) } : {}),
  };
}

/** @throws ValidationError */
function positionOf(name: string, from: string): Position {
  const [list, at, id] = read(from);
  if (list !== name) throw ValidationError.of('query', 'from', 'is not a cursor of this list');
  return { at, id };
}

function read(from: string): z.output<typeof position> {
  try {
    return position.parse(JSON.parse(openCursor(from)));
  } catch {
    throw ValidationError.of('query', 'from', 'is not a cursor of this list');
  }
}
