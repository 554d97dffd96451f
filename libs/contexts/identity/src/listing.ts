import { listQuery, type ListSource } from '@strongroom/http';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { z } from 'zod';

/** Members of a list's query string beside those of every list. */
export const fieldsQuery = {
  ...listQuery,
  fields: z.string().max(1000).optional(),
  include_fields: z.enum(['true', 'false']).optional(),
};

/** Keeps the members that `fields` names, or drops them with `include_fields=false`. */
export function withFields(
  query: { fields?: string | undefined; include_fields?: string | undefined },
  shown: Record<string, unknown>,
): Record<string, unknown> {
  if (!query.fields) return shown;
  const named = new Set(query.fields.split(',').map((field) => field.trim()));
  const isWanted = query.include_fields !== 'false';
  return Object.fromEntries(Object.entries(shown).filter(([member]) => named.has(member) === isWanted));
}

/** A list in the order of one unique column, `alias.property`. */
export const listOf = <Row extends ObjectLiteral>(
  rows: SelectQueryBuilder<Row>,
  column: string,
  key: (row: Row) => string,
): ListSource<Row> => ({
  async page(offset, limit) {
    const [items, total] = await rows.clone().orderBy(column).offset(offset).limit(limit).getManyAndCount();
    return { items, total };
  },
  after(cursor, limit) {
    const query = rows.clone().orderBy(column).limit(limit);
    return (cursor === null ? query : query.andWhere(`${column} > :cursor`, { cursor })).getMany();
  },
  key,
});
