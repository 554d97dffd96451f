/** The later wins, whatever the case of its letters; one name is never sent twice. */
export function headersOf(...sets: Readonly<Record<string, string>>[]): Record<string, string> {
  const byName = new Map<string, [string, string]>();
  for (const set of sets)
    for (const [name, value] of Object.entries(set)) {
      byName.delete(name.toLowerCase());
      byName.set(name.toLowerCase(), [name, value]);
    }
  return Object.fromEntries(byName.values());
}
