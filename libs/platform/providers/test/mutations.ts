import type { CatalogueFile, RawEntry } from '../src/catalogue-files.js';

export interface Mutation {
  /** RFC 6901, in the entry. */
  pointer: string;
  how: 'dropped' | 'changed';
  entry: RawEntry;
}

/**
 * What shapes neither a request nor the reading of an answer: names and links that people see, how long things live and
 * may be used again (`spec/providers.md` §9), which values an administrator may set, and notes.
 */
const WITHOUT_EFFECT = [
  '/extends',
  '/name',
  '/kind',
  '/strategy',
  '/category',
  '/aliases',
  '/presets',
  '/registerUrl',
  '/scopes',
  '/docs',
  '/unconfirmed',
  '/whenRefreshable',
  '/refresh/reuse',
  '/refresh/graceSeconds',
  '/refresh/onAmbiguous',
  '/refresh/invalidatesAccessToken',
  '/refresh/idleSeconds',
  '/refresh/absoluteSeconds',
  '/refresh/accessTtlSeconds',
  '/refresh/skewSeconds',
  '/refresh/keepAliveSeconds',
  '/refresh/maxLive',
  '/revocation/manageUrl',
  '/authorization/codeTtlSeconds',
  '/rateLimit/budgetPerSecond',
  '/endpoints/formerTokenOrigins',
];
const WITHOUT_EFFECT_IN = [/^\/params\/[^/]+\/(pattern|required|source|option|equals)$/, /\/note$/];

/** Every override of an entry, dropped once and, where it is a single value, changed once. */
export function* mutationsOf(raw: RawEntry): Generator<Mutation> {
  for (const path of leaves(raw)) {
    const pointer = `/${path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;
    if (hasNoEffect(pointer)) continue;
    yield { pointer, how: 'dropped', entry: without(raw, path) };
    const changed = otherThan(valueAt(raw, path));
    if (changed !== undefined) yield { pointer, how: 'changed', entry: withValue(raw, path, changed) };
  }
}

const hasNoEffect = (pointer: string): boolean =>
  WITHOUT_EFFECT.some((one) => pointer === one || pointer.startsWith(`${one}/`)) ||
  WITHOUT_EFFECT_IN.some((one) => one.test(pointer));

type Path = (string | number)[];

/** Lists count as one value, but for rules, which are tried one by one. */
function* leaves(value: unknown, path: Path = []): Generator<Path> {
  const isRules = path.join('/') === 'errors/rules';
  if (Array.isArray(value) && isRules) {
    for (const [index, rule] of value.entries()) {
      yield [...path, index];
      for (const inner of leaves((rule as { when: object }).when, [...path, index, 'when'])) yield inner;
    }
    return;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0)
    for (const [name, member] of Object.entries(value)) yield* leaves(member, [...path, name]);
  else yield path;
}

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, part) => (inner as Record<string, unknown>)[part], value);

function otherThan(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value + 7;
  if (Array.isArray(value) && value.length > 1) return value.slice(1);
  return undefined;
}

function without(raw: RawEntry, path: Path): RawEntry {
  const copy = structuredClone(raw);
  const parent = valueAt(copy, path.slice(0, -1)) as Record<string, unknown>;
  const last = path.at(-1)!;
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return copy;
}

function withValue(raw: RawEntry, path: Path, value: unknown): RawEntry {
  const copy = structuredClone(raw);
  (valueAt(copy, path.slice(0, -1)) as Record<string, unknown>)[path.at(-1)!] = value;
  return copy;
}

export const withEntry = ({ bases, providers }: CatalogueFile, id: string, entry: RawEntry): CatalogueFile => ({
  bases,
  providers: { ...providers, [id]: entry },
});
