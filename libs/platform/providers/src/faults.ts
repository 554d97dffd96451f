/** What is wrong, and where in its document (RFC 6901). */
export interface PlacedFault {
  pointer: string;
  message: string;
}

export const childOf = (pointer: string, name: string | number): string =>
  `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;

const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** Names that would reach into the runtime are refused wherever they stand. */
export function nameFaults(value: unknown, pointer = ''): PlacedFault[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const at = childOf(pointer, name);
    return FORBIDDEN.includes(name)
      ? [{ pointer: at, message: 'is a name that is not allowed' }]
      : nameFaults(member, at);
  });
}
