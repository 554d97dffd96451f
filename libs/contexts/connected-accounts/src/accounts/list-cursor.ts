import { createHash } from 'node:crypto';
import { ValidationError } from '@strongroom/http';

const bound = (to: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(to)).digest('base64url').slice(0, 22);

/** Opaque; good only for the list it came from: the same person, the same filter. */
export const listCursor = (last: string, to: readonly string[]): string =>
  Buffer.from(`${bound(to)}.${last}`, 'utf8').toString('base64url');

/** @throws ValidationError for any other cursor. */
export function openListCursor(cursor: string, to: readonly string[]): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const last = text.slice(23);
  if (last === '' || listCursor(last, to) !== cursor) throw notACursor();
  return last;
}

export const notACursor = (): ValidationError => ValidationError.of('query', 'from', 'is not a cursor of this list');
