import { randomBytes } from 'node:crypto';
import { recordFigure, safetyCount } from '@strongroom/testing';
import { laxOpen } from '../test/lax-open.js';
import { type Good, mutated, MUTATIONS } from '../test/mutations.js';
import { Seeded } from '../test/seeded.js';
import { hex, vectors } from '../test/vectors.js';
import { aad } from './aad.js';
import type { BoxContext } from './aad-rows.js';
import { IntakePrivateKey, openBox, sealBox } from './intake-box.js';
import { open, seal } from './record.js';
import { SealingKey } from './sealing-key.js';

const COUNT = safetyCount('MUTATED_RECORDS', { short: 10_000, full: 10_000 });
const random = Seeded.now();
const key = SealingKey.generate();
const bound = aad(vectors.records[0]!.parts);
const plaintexts = ['cnry_a_refresh_token_of_ordinary_length_0123456789', 'cnry_x', ''].map((text) =>
  Buffer.from(text),
);
const PLAIN = plaintexts[0]!;

const goodOf = (plaintext: Buffer): Good => ({
  record: seal(key, plaintext, bound),
  underAnotherKey: seal(SealingKey.generate(key.id), plaintext, bound),
  neighbour: seal(key, plaintext, bound),
});

/** How an error looks from outside, but for where it was thrown. */
const shapeOf = (error: unknown): string => {
  const { name, message, cause, constructor } = error as Error;
  return JSON.stringify({ kind: constructor.name, name, message, cause, own: Object.keys(error as Error) });
};
const REFUSED =
  '{"kind":"UnreadableRecord","name":"UnreadableRecord","message":"the sealed value cannot be opened","own":["name"]}';

describe('mutated records', () => {
  it(`D2: of ${COUNT} none opens, and all are refused with one and the same error`, () => {
    const [shapes, opened] = [new Map<string, number>(), [] as string[]];
    for (const { kind, record } of mutated(plaintexts.map(goodOf), COUNT, random))
      try {
        open(key, record, bound);
        opened.push(kind);
      } catch (error) {
        const shape = shapeOf(error);
        shapes.set(shape, (shapes.get(shape) ?? 0) + 1);
      }
    recordFigure({
      id: 'mutated-records',
      title: 'Mutated records that open',
      required: '0 of 10,000, one error shape',
      measured: `${opened.length} of ${COUNT.toLocaleString('en')}, ${shapes.size} error shape`,
      holds: opened.length === 0 && shapes.size === 1,
      control:
        'a copy of the opening without its guards accepts every guarded kind; without the commitment compared 7 % open',
      seed: random.seed,
    });
    expect(opened).toEqual([]);
    expect([...shapes]).toEqual([[REFUSED, COUNT]]);
  });

  it('tags of 0 to 15 bytes are refused, also where the record is long enough', () => {
    const record = seal(key, PLAIN, bound);
    for (let length = 0; length < 16; length += 1) {
      const shorter = record.subarray(0, record.length - 16 + length);
      for (const one of [shorter, Buffer.concat([shorter, Buffer.alloc(16 - length)])])
        expect(() => open(key, one, bound)).toThrow('the sealed value cannot be opened');
    }
  });

  it('control: without its guards the same opening takes records of every guarded kind', () => {
    const accepted = new Set<string>();
    for (const { kind, record } of mutated([goodOf(PLAIN)], 4 * COUNT, random))
      try {
        if (laxOpen(key, record, bound, PLAIN.length).equals(PLAIN)) accepted.add(kind);
      } catch {
        // Not by this one.
      }
    expect([...accepted]).toEqual(
      expect.arrayContaining([
        'a shorter tag',
        'another magic',
        'another version',
        'another suite',
        'another key id',
        "another key's commitment",
      ]),
    );
    // What GCM itself refuses needs no guard of ours.
    expect(accepted.has('the tag of another')).toBe(false);
    expect(accepted.size).toBeLessThan(Object.keys(MUTATIONS).length);
  });
});

describe('mutated boxes', () => {
  const intake = IntakePrivateKey.from(vectors.keyId, hex(vectors.intake.privateKey));
  const { installationId } = vectors;
  const recipient = { installationId, keyId: intake.id, publicKey: intake.publicKey };
  const context: BoxContext = { purpose: 'provider-code', connectionId: 'con_1', ownerId: 'cs_1', field: 'code' };
  const boxes = Math.ceil(COUNT / 5);

  it(`D2: of ${boxes} none opens, and all are refused with one and the same error`, async () => {
    const sealed = async (of: typeof recipient) => Buffer.from(await sealBox(of, context, 'cnry_code'), 'base64url');
    const good: Good = {
      record: await sealed(recipient),
      underAnotherKey: await sealed({ ...recipient, publicKey: IntakePrivateKey.generate().publicKey }),
      neighbour: await sealed(recipient),
    };
    const shapes = new Set<string>();
    let opened = 0;
    for (const { record } of mutated([good], boxes, random))
      await openBox(intake, installationId, context, record.toString('base64url')).then(
        () => (opened += 1),
        (error: unknown) => shapes.add(shapeOf(error)),
      );
    expect(opened).toBe(0);
    expect([...shapes]).toEqual([REFUSED]);
  });
});

it('control: the corpus is made of records that do open', () => {
  for (const plaintext of [...plaintexts, randomBytes(5_000)])
    expect(open(key, goodOf(plaintext).record, bound).equals(plaintext)).toBe(true);
});
