export type Options = Record<string, unknown>;

export const objectIn = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

/** Members that can be sent as text. */
export const stringsIn = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(objectIn(value) ?? {})
      .filter(([, text]) => ['string', 'number', 'boolean'].includes(typeof text))
      .map(([name, text]) => [name, String(text)]),
  );
