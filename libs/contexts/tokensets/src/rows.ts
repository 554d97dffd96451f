import type { EntityManager } from 'typeorm';

/** Rows that an `UPDATE` or `DELETE … RETURNING` changed; the driver answers these with rows and their number. */
export async function changed<Row>(tx: EntityManager, sql: string, values: unknown[]): Promise<Row[]> {
  const [rows] = await tx.query<[Row[], number]>(sql, values);
  return rows;
}

/** The first row of a `SELECT` or `INSERT … RETURNING`. */
export async function first<Row>(
  tx: Pick<EntityManager, 'query'>,
  sql: string,
  values: unknown[],
): Promise<Row | undefined> {
  const [row] = await tx.query<Row[]>(sql, values);
  return row;
}
