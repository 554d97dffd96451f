import type { Seeded } from './seeded.js';

/** A good record and what belongs to it. */
export interface Good {
  record: Buffer;
  /** The same plaintext and list under another key of the same id. */
  underAnotherKey: Buffer;
  /** Another record of the same key. */
  neighbour: Buffer;
}

export interface Mutated {
  kind: string;
  record: Buffer;
}

const TAG = 16;
const COMMITMENT = [32, 64] as const;

type Mutation = (good: Good, random: Seeded) => Buffer;

const put = (record: Buffer, at: number, bytes: Buffer | readonly number[]): Buffer => {
  const changed = Buffer.from(record);
  changed.set(bytes, at);
  return changed;
};

/** What somebody who can write to the database may try (`spec/encryption.md` §11). */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'one bit': ({ record }, random) => {
    const at = random.below(record.length);
    return put(record, at, [record[at]! ^ (1 << random.below(8))]);
  },
  'several bits': ({ record }, random) => {
    const changed = Buffer.from(record);
    for (let n = 0; n < 2 + random.below(6); n += 1) changed[random.below(record.length)]! ^= 1 << random.below(8);
    return changed;
  },
  'cut at the end': ({ record }, random) => record.subarray(0, random.below(record.length)),
  'cut at the start': ({ record }, random) => record.subarray(1 + random.below(record.length - 1)),
  'cut in the middle': ({ record }, random) => {
    const at = random.below(record.length - 1);
    return Buffer.concat([record.subarray(0, at), record.subarray(at + 1 + random.below(8))]);
  },
  'bytes put in': ({ record }, random) => {
    const at = random.below(record.length + 1);
    return Buffer.concat([record.subarray(0, at), random.bytes(1 + random.below(40)), record.subarray(at)]);
  },
  'bytes put over': ({ record }, random) => {
    const at = random.below(record.length);
    return put(record, at, random.bytes(1 + random.below(record.length - at)));
  },
  'turned around': ({ record }, random) => {
    const at = 1 + random.below(record.length - 1);
    return Buffer.concat([record.subarray(at), record.subarray(0, at)]);
  },
  'a shorter tag': ({ record }, random) => record.subarray(0, record.length - TAG + random.below(TAG)),
  'a tag of zeros': ({ record }) => put(record, record.length - TAG, Buffer.alloc(TAG)),
  'another magic': ({ record }, random) => put(record, 0, random.bytes(2)),
  'another version': ({ record }, random) => put(record, 2, [(2 + random.below(255)) & 255]),
  'another suite': ({ record }, random) => put(record, 3, [(2 + random.below(255)) & 255]),
  'another key id': ({ record }, random) => put(record, 4, random.bytes(16)),
  'another nonce': ({ record }, random) => put(record, 20, random.bytes(12)),
  "another key's commitment": ({ record, underAnotherKey }) =>
    put(record, COMMITMENT[0], underAnotherKey.subarray(...COMMITMENT)),
  'all of another key but the commitment': ({ record, underAnotherKey }) =>
    put(underAnotherKey, COMMITMENT[0], record.subarray(...COMMITMENT)),
  'all of another key': ({ underAnotherKey }) => underAnotherKey,
  'the head of one and the body of another': ({ record, neighbour }) =>
    Buffer.concat([record.subarray(0, 64), neighbour.subarray(64)]),
  'the tag of another': ({ record, neighbour }) =>
    Buffer.concat([record.subarray(0, record.length - TAG), neighbour.subarray(neighbour.length - TAG)]),
  noise: ({ record }, random) => random.bytes(random.below(record.length * 2)),
};

/** One of each kind by turns; never the record itself. */
export function* mutated(good: readonly Good[], count: number, random: Seeded): Generator<Mutated> {
  const kinds = Object.entries(MUTATIONS);
  for (let n = 0; n < count;) {
    const [kind, mutate] = kinds[n % kinds.length]!;
    const one = random.pick(good);
    const record = mutate(one, random);
    if (record.equals(one.record)) continue;
    n += 1;
    yield { kind, record };
  }
}
