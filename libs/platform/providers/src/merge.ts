const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `over` on top of `under`: objects merge, arrays and scalars replace, `errors.rules` come before what was there. */
export function merge<T extends object>(under: T, over: object): T {
  const merged = mergeObjects(under as Record<string, unknown>, over as Record<string, unknown>);
  const [before, after] = [rulesOf(over), rulesOf(under)];
  if (before && after) (merged['errors'] as { rules: unknown[] }).rules = [...before, ...after];
  return merged as T;
}

function mergeObjects(under: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...under };
  for (const [name, value] of Object.entries(over)) {
    // An own member called __proto__ would be set as a prototype by the assignment below.
    if (value === undefined || name === '__proto__') continue;
    const present = merged[name];
    merged[name] = isPlain(present) && isPlain(value) ? mergeObjects(present, value) : value;
  }
  return merged;
}

const rulesOf = (settings: object): unknown[] | undefined =>
  (settings as { errors?: { rules?: unknown[] } }).errors?.rules;
