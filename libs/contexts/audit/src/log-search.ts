import { likePattern, searchQuery, type SearchTerm } from '@strongroom/http';
import { LOG_TYPES, MANAGED } from './log-kinds.js';

/** Whether what stands there is like the value at this place of the statement. */
const fits = (expression: string) => (place: number) => `lower(${expression}) LIKE lower($${place})`;

/** By its name as well: that is in the ledger only where the connection itself was made or changed. */
const ofConnection = (place: number) => `(${fits(`data->>'connectionId'`)(place)} OR data->>'connectionId' IN (
  SELECT told.data->>'connectionId' FROM ledger AS told
  WHERE told.name IN ('connection.created', 'connection.updated') AND ${fits(`told.data->>'name'`)(place)}))`;

/** What an entry is found by, as `log-entry.ts` reads it from a line of the ledger. */
const CONDITIONS: Readonly<Record<string, (place: number) => string>> = {
  client_id: fits(`coalesce(data->>'clientId', data->'actor'->>'clientId',
    CASE data->'actor'->>'kind' WHEN 'client' THEN data->'actor'->>'id' END)`),
  connection: ofConnection,
  user_id: fits(`data->>'userId'`),
  ip: fits(`data->>'ip'`),
};
const TYPE = 'type';

export const logSearch = { q: searchQuery([TYPE, ...Object.keys(CONDITIONS)]).optional() };

/** The events that the search may show: those of a type, by the index of names, where one is named. */
export function namesThatFit(terms: readonly SearchTerm[]): { seen: string[]; managed: string[] } {
  const types = terms.filter(({ member }) => member === TYPE).map(({ text }) => text);
  const isWanted = (type: string) => types.every((wanted) => wanted === type);
  return {
    seen: Object.entries(LOG_TYPES).flatMap(([name, { type }]) => (isWanted(type) ? [name] : [])),
    managed: isWanted('sapi') ? Object.keys(MANAGED) : [],
  };
}

/** Conditions for the rest of it; their values are added to `values`. */
export const entriesThatFit = (terms: readonly SearchTerm[], values: unknown[]): string[] =>
  terms
    .filter(({ member }) => member !== TYPE)
    .map((term) => {
      const place = values.push(likePattern(term));
      const looked = term.member === null ? Object.values(CONDITIONS) : [CONDITIONS[term.member]!];
      return `(${looked.map((condition) => condition(place)).join(' OR ')})`;
    });
