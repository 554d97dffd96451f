const partsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));

/** RFC 6901. Undefined where the document has no such value. */
export function at(document: unknown, pointer: string): unknown {
  let value = document;
  for (const part of partsOf(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

export const isThere = (document: unknown, pointer: string): boolean => {
  const value = at(document, pointer);
  return value !== undefined && value !== null && value !== '';
};

/** Sets a value, and makes what is missing on the way; a number for a name makes a list. */
export function put(document: object, pointer: string, value: unknown): void {
  const parts = partsOf(pointer);
  const last = parts.pop();
  if (last === undefined) return;
  let place = document as Record<string, unknown>;
  for (const [index, part] of parts.entries()) {
    const next = parts[index + 1] ?? last;
    if (typeof place[part] !== 'object' || place[part] === null) place[part] = /^\d+$/.test(next) ? [] : {};
    place = place[part] as Record<string, unknown>;
  }
  place[last] = value;
}

export function drop(document: unknown, pointer: string): void {
  const parts = partsOf(pointer);
  const last = parts.pop()!;
  const place = parts.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined,
    document,
  );
  if (typeof place === 'object' && place !== null) delete (place as Record<string, unknown>)[last];
}

/** Every text of a document, replaced; undefined takes its member away. */
export function mapTexts(document: unknown, change: (text: string) => unknown): unknown {
  if (typeof document === 'string') return change(document);
  if (Array.isArray(document)) return document.map((one) => mapTexts(one, change));
  if (typeof document !== 'object' || document === null) return document;
  const members = Object.entries(document).map(([name, one]) => [name, mapTexts(one, change)] as const);
  return Object.fromEntries(members.filter(([, one]) => one !== undefined));
}
