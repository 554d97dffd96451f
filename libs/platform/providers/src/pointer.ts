/** RFC 6901. Undefined where the document has no such value. */
export function at(document: unknown, pointer: string): unknown {
  let value = document;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** The first pointer that yields a value that is neither null nor the empty string. */
export function firstAt(document: unknown, pointers: readonly string[]): unknown {
  for (const pointer of pointers) {
    const value = at(document, pointer);
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}
