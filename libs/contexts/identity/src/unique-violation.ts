/** Whether Postgres refused the row because another one has its unique value. */
export const isUniqueViolation = (error: unknown): boolean =>
  (error as { driverError?: { code?: unknown } } | null)?.driverError?.code === '23505';
