import { canonicalJson } from '../src/canonical-json.js';
import { mergedEntry } from '../src/catalogue-merge.js';
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
  '/identity/subjectScope',
  '/identity/emailVerified',
  '/identity/request/scopes',
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
export function* mutationsOf({ bases, providers }: CatalogueFile, id: string): Generator<Mutation> {
  const raw = providers[id]!;
  const whole = canonicalJson(mergedEntry(bases, raw));
  for (const mutation of allOf(raw)) if (canonicalJson(mergedEntry(bases, mutation.entry)) !== whole) yield mutation;
}

function* allOf(raw: RawEntry): Generator<Mutation> {
  for (const path of leaves(raw)) {
    const pointer = `/${path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;
    if (hasNoEffect(pointer) || meansTheSame(pointer, valueAt(raw, path))) continue;
    yield { pointer, how: 'dropped', entry: without(raw, path) };
    const changed = otherThan(valueAt(raw, path));
    if (changed !== undefined) yield { pointer, how: 'changed', entry: withValue(raw, path, changed) };
  }
}

const hasNoEffect = (pointer: string): boolean =>
  WITHOUT_EFFECT.some((one) => pointer === one || pointer.startsWith(`${one}/`)) ||
  WITHOUT_EFFECT_IN.some((one) => one.test(pointer));

/** Values whose difference is one of planning only, and those that say what is so anyway. */
const meansTheSame = (pointer: string, value: unknown): boolean =>
  (pointer === '/pkce' && value !== 'unsupported') ||
  (pointer === '/refresh/mode' && value !== 'rotating') ||
  (pointer === '/revocation/support' && value !== 'none') ||
  (pointer === '/identity/request/method' && value === 'GET') ||
  (pointer === '/identity/request/headers/User-Agent' && value === 'strongroom') ||
  (pointer === '/identity/request/headers/Content-Type' && value === 'application/json');

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

/** A catalogue of this one entry, and of the one that governs its refreshable tokensets. */
export function withEntry({ bases, providers }: CatalogueFile, id: string, entry: RawEntry): CatalogueFile {
  const other = providers[id]!['whenRefreshable'];
  return { bases, providers: { ...(typeof other === 'string' ? { [other]: providers[other]! } : {}), [id]: entry } };
}
