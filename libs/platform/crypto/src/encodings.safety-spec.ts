import { randomBytes, randomUUID } from 'node:crypto';
import { recordFigure, safetyCount } from '@strongroom/testing';
import fc from 'fast-check';
import { decodeAad } from '../test/decode-aad.js';
import { aadBySecond, openBySecond, sealBySecond } from '../test/second-implementation.js';
import { Seeded } from '../test/seeded.js';
import { aad } from './aad.js';
import { open, seal, sealWithNonce } from './record.js';
import { SealingKey } from './sealing-key.js';

const { seed } = Seeded.now();
const exactly = (count: number): string => count.toLocaleString('en');

describe('the list that a record is bound to', () => {
  const runs = safetyCount('AAD_LISTS', { short: 20_000, full: 1_000_000 });
  // Parts that look like the encoding itself are what an encoder without lengths would fall over.
  const part = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom('', '\0', '\0\0\0\u0001a', '\0\0\0\0', 'strongroom/aad/1', ',', '"', 'é', '\u0065\u0301', '10'),
  );
  const list = fc.array(part, { maxLength: 5 });
  const neighbours = fc
    .tuple(list, fc.nat({ max: 5 }), fc.nat({ max: 6 }))
    .map(([parts, at, cut]): [string[], string[]] => [parts, regrouped(parts, at, cut)]);
  const pairs = fc.oneof(neighbours, fc.tuple(list, list));

  /** Distinct lists that `encode` writes alike. */
  const findAlike = (encode: (parts: string[]) => Buffer, numRuns: number) =>
    fc.check(
      fc.property(pairs, ([one, other]) => {
        const isSame = JSON.stringify(one) === JSON.stringify(other);
        return encode(one).equals(encode(other)) === isSame;
      }),
      { numRuns, seed },
    );

  it(`never encodes like another one, in ${exactly(runs)} pairs`, () => {
    const found = findAlike(aad, runs);
    recordFigure({
      id: 'aad-lists',
      title: 'Distinct lists that encode alike',
      required: '0 of 1,000,000',
      measured: `${found.failed ? 'one' : '0'} of ${exactly(found.numRuns)}`,
      holds: !found.failed,
      control: 'an encoder that joins the parts is found out',
      seed,
    });
    expect(found.counterexample).toBeNull();
    expect(found.numRuns).toBe(runs);
  }, 600_000);

  it('can be read back from its encoding, and is encoded alike by the second implementation', () => {
    fc.assert(
      fc.property(list, (parts) => {
        const encoded = aad(parts);
        expect(decodeAad(encoded)).toEqual(['strongroom/aad/1', ...parts]);
        expect(encoded.equals(aadBySecond(parts))).toBe(true);
      }),
      { numRuns: Math.min(runs, 50_000), seed },
    );
  });

  it('control: an encoder without lengths, or with a separator, is found out', () => {
    for (const separator of ['', '\0', ','])
      expect(findAlike((parts) => Buffer.from(parts.join(separator)), 20_000).failed).toBe(true);
  });
});

/** The same characters in other parts: one boundary moved, or two parts made one. */
function regrouped(parts: string[], at: number, cut: number): string[] {
  const [one, two] = [parts[at], parts[at + 1]];
  if (one === undefined) return [...parts, ''];
  if (two === undefined) return parts.slice(0, -1);
  const [both, end] = [one + two, [...(one + two)].slice(0, cut).join('')];
  return [...parts.slice(0, at), end, both.slice(end.length), ...parts.slice(at + 2)];
}

describe('a record', () => {
  const count = safetyCount('DIFFERENTIAL', { short: 2_000, full: 100_000 });

  it(`is the same from either implementation, ${exactly(count)} times`, () => {
    const random = new Seeded(seed);
    let equal = 0;
    for (let n = 0; n < count; n += 1) {
      const [bytes, nonce, plaintext] = [randomBytes(32), randomBytes(12), randomBytes(random.below(300))];
      const [keyId, parts] = [randomUUID(), ['tokenset', randomUUID(), String(n), 'é'.repeat(random.below(4))]];
      const [key, bound] = [SealingKey.from(keyId, bytes), aadBySecond(parts)];
      const theirs = sealBySecond({ key: bytes, keyId, nonce, plaintext, aad: bound });
      const ours = sealWithNonce(key, plaintext, aad(parts), nonce);
      const isRead =
        open(key, theirs, aad(parts)).equals(plaintext) &&
        openBySecond({ key: bytes, keyId, aad: bound, record: ours }).equals(plaintext);
      if (isRead && ours.equals(theirs)) equal += 1;
    }
    recordFigure({
      id: 'differential',
      title: 'Records equal to those of a second implementation, read by either',
      required: '100,000 of 100,000',
      measured: `${exactly(equal)} of ${exactly(count)}`,
      holds: equal === count,
      seed,
    });
    expect(equal).toBe(count);
  }, 600_000);
});

describe('a nonce', () => {
  const count = safetyCount('SEALS', { short: 100_000, full: 10_000_000 });

  it(`does not come twice in ${exactly(count)} seals under one key`, () => {
    const [key, plaintext, bound] = [SealingKey.generate(), Buffer.from('x'), aad([])];
    const nonces = new Nonces(count);
    for (let n = 0; n < count; n += 1) nonces.add(seal(key, plaintext, bound));
    const repeats = nonces.repeats();
    recordFigure({
      id: 'nonces',
      title: 'Nonces that come twice under one key',
      required: '0 in 10,000,000 seals',
      measured: `${repeats} in ${exactly(count)} seals`,
      holds: repeats === 0,
      control: 'a nonce used again is counted',
    });
    expect(repeats).toBe(0);
  }, 600_000);

  it('control: one that comes twice is counted', () => {
    const [key, bound] = [SealingKey.generate(), aad([])];
    const nonces = new Nonces(1_000);
    const records = Array.from({ length: 999 }, () => seal(key, Buffer.from('x'), bound));
    for (const record of records) nonces.add(record);
    nonces.add(sealWithNonce(key, Buffer.from('y'), bound, records[500]!.subarray(20, 32)));
    expect(nonces.repeats()).toBe(1);
  });
});

/** Ten million in 200 MB. Their first 64 bits are compared; where those are the same, by chance too, the rest is. */
class Nonces {
  private readonly bytes: Buffer;
  private readonly rest: Uint32Array;
  private count = 0;

  constructor(most: number) {
    this.bytes = Buffer.from(new ArrayBuffer(8 * most));
    this.rest = new Uint32Array(most);
  }

  add(record: Buffer): void {
    record.copy(this.bytes, 8 * this.count, 20, 28);
    this.rest[this.count] = record.readUInt32LE(28);
    this.count += 1;
  }

  repeats(): number {
    const all = new BigUint64Array(this.bytes.buffer, 0, this.count);
    const sorted = all.slice().sort();
    const alike = new Set(sorted.filter((one, n) => n > 0 && one === sorted[n - 1]));
    const seen = new Set<string>();
    let repeats = 0;
    for (let n = 0; alike.size > 0 && n < all.length; n += 1) {
      if (!alike.has(all[n]!)) continue;
      const whole = `${all[n]} ${this.rest[n]}`;
      if (seen.has(whole)) repeats += 1;
      seen.add(whole);
    }
    return repeats;
  }
}
