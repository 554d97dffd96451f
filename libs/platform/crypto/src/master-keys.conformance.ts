import { randomBytes, randomUUID } from 'node:crypto';
import { KeyServiceDenied, KeyServiceUnavailable, WrappedKeyCorrupt } from './crypto.errors.js';
import type { MasterKeys, WrappedKeyContext } from './master-keys.js';

/** What an adapter brings to be tried. Made anew for each case. */
export interface MasterKeysStand {
  keys: MasterKeys;
  /** The same keys, as another process has them. */
  another(): MasterKeys;
  /** Of somebody else. */
  foreign(): Promise<MasterKeys>;
  /** A new master key is there and wraps; the old one still unwraps. */
  withNewKey(): MasterKeys;
  /** After that: the old one is gone. */
  withoutOldKey(): MasterKeys;
  /** Of a remote provider only. */
  service?: {
    stop(): Promise<void>;
    start(): Promise<void>;
    is(mood: 'well' | 'denying' | 'failing' | 'silent' | 'babbling' | 'breaking' | 'shortening'): void;
  };
  end(): Promise<void>;
}

/** The promises every `MasterKeys` adapter keeps, in 40 cases; the last nine only where there is a service to fail. */
export function describeMasterKeys(name: string, create: () => Promise<MasterKeysStand>, isRemote: boolean): void {
  describe(`${name} as MasterKeys`, () => {
    let stand: MasterKeysStand;
    let keys: MasterKeys;
    let key: Buffer;
    let context: WrappedKeyContext;

    beforeEach(async () => {
      stand = await create();
      keys = stand.keys;
      key = randomBytes(32);
      context = {
        purpose: 'installation-key',
        installationId: randomUUID(),
        context: 'tokensets',
        keyId: randomUUID(),
        version: 3,
      };
    });
    afterEach(() => stand.end());

    const refuses = async (by: MasterKeys, wrapped: Buffer, bound: WrappedKeyContext = context) =>
      expect(by.unwrap(wrapped, bound)).rejects.toThrow(WrappedKeyCorrupt);

    describe('wraps', () => {
      it('MK-01: and unwraps the same key', async () => {
        expect((await keys.unwrap(await keys.wrap(key, context), context)).equals(key)).toBe(true);
      });
      it('MK-02: to other bytes each time', async () => {
        expect((await keys.wrap(key, context)).equals(await keys.wrap(key, context))).toBe(false);
      });
      it('MK-03: so that another process unwraps it', async () => {
        expect((await stand.another().unwrap(await keys.wrap(key, context), context)).equals(key)).toBe(true);
      });
      it('MK-04: so that nothing of the key can be seen', async () => {
        const wrapped = await keys.wrap(key, context);
        for (let at = 0; at + 8 <= key.length; at += 8) expect(wrapped.includes(key.subarray(at, at + 8))).toBe(false);
      });
      it('MK-05: and leaves the key it was given as it was', async () => {
        const before = Buffer.from(key);
        await keys.wrap(key, context);
        expect(key.equals(before)).toBe(true);
      });
      it('MK-06: and leaves what it unwraps as it was', async () => {
        const wrapped = await keys.wrap(key, context);
        const before = Buffer.from(wrapped);
        await keys.unwrap(wrapped, context);
        expect(wrapped.equals(before)).toBe(true);
      });
      it('MK-07: so that it unwraps more than once', async () => {
        const wrapped = await keys.wrap(key, context);
        (await keys.unwrap(wrapped, context)).fill(0); // the caller's own copy
        expect((await keys.unwrap(wrapped, context)).equals(key)).toBe(true);
      });
    });

    describe('refuses to unwrap', () => {
      const changes: [string, string, (of: WrappedKeyContext) => object][] = [
        ['MK-08', 'for another context', () => ({ context: 'identity' })],
        ['MK-09', 'for a context that only begins alike', () => ({ context: 'tokensets2' })],
        ['MK-10', 'for another installation', () => ({ installationId: randomUUID() })],
        ['MK-11', 'for another key id', () => ({ keyId: randomUUID() })],
        ['MK-12', 'for a later version', () => ({ version: 4 })],
        ['MK-13', 'for an earlier version', () => ({ version: 2 })],
        ['MK-14', 'for another purpose', () => ({ purpose: 'intake-key' })],
        [
          'MK-15',
          'for key and installation exchanged',
          ({ keyId, installationId }) => ({ keyId: installationId, installationId: keyId }),
        ],
        [
          'MK-16',
          'for a context that another field has grown into',
          ({ keyId }) => ({ context: `tokensets${keyId}`, keyId: '' }),
        ],
      ];
      it.each(changes)('%s: %s', async (_id, _what, change) => {
        const wrapped = await keys.wrap(key, context);
        await refuses(keys, wrapped, { ...context, ...change(context) });
      });

      const spoilt: [string, string, (of: Buffer) => Buffer][] = [
        ['MK-17', 'nothing', () => Buffer.alloc(0)],
        ['MK-18', 'a blob without its last byte', (of) => of.subarray(0, -1)],
        ['MK-19', 'half a blob', (of) => of.subarray(0, of.length / 2)],
        ['MK-20', 'a blob with a byte more', (of) => Buffer.concat([of, Buffer.alloc(1)])],
        ['MK-21', 'a blob with its last bit turned', (of) => flipped(of, of.length - 1)],
        ['MK-22', 'random bytes of that length', (of) => randomBytes(of.length)],
        ['MK-23', 'zeros of that length', (of) => Buffer.alloc(of.length)],
        ['MK-24', 'the key itself, unwrapped', () => key],
      ];
      it.each(spoilt)('%s: %s', async (_id, _what, spoil) => refuses(keys, spoil(await keys.wrap(key, context))));

      it('MK-25: a blob with any one of its bytes changed', async () => {
        const wrapped = await keys.wrap(key, context);
        for (let at = 0; at < wrapped.length; at += 3) {
          const answer = await keys.unwrap(flipped(wrapped, at), context).catch((error: unknown) => error);
          // A name before the record may be any service's own business; a key it must not become.
          if (Buffer.isBuffer(answer)) expect(answer.equals(key)).toBe(true);
          else expect(answer).toBeInstanceOf(WrappedKeyCorrupt);
        }
      });
      it('MK-26: what somebody else has wrapped for the same context', async () => {
        await refuses(keys, await (await stand.foreign()).wrap(key, context));
      });
    });

    describe('changes its own key', () => {
      it('MK-27: and still unwraps what the old one wrapped', async () => {
        const wrapped = await keys.wrap(key, context);
        expect((await stand.withNewKey().unwrap(wrapped, context)).equals(key)).toBe(true);
      });
      it('MK-28: and wraps again what the old one wrapped, so that it may go', async () => {
        const wrapped = await keys.wrap(key, context);
        const both = stand.withNewKey();
        const again = await moved(both, wrapped, context);
        expect([both.wrappedBy(wrapped), both.wrappedBy(again)]).toEqual([both.keyNames[1], both.keyNames[0]]);
        expect((await stand.withoutOldKey().unwrap(again, context)).equals(key)).toBe(true);
      });
      it('MK-29: and refuses what only the old one wrapped, once that is gone', async () => {
        const wrapped = await keys.wrap(key, context);
        stand.withNewKey();
        await refuses(stand.withoutOldKey(), wrapped);
      });
      it('MK-30: and wraps nothing again that does not belong to the context', async () => {
        const wrapped = await keys.wrap(key, context);
        const elsewhere = { ...context, keyId: randomUUID() };
        await expect(moved(stand.withNewKey(), wrapped, elsewhere)).rejects.toThrow(WrappedKeyCorrupt);
      });
    });

    it('MK-31: unwraps 50 at once, each its own, and says that it is well', async () => {
      const all = Array.from({ length: 50 }, () => ({
        key: randomBytes(32),
        context: { ...context, keyId: randomUUID() },
      }));
      const opened = await Promise.all(
        all.map(async (of) => stand.another().unwrap(await keys.wrap(of.key, of.context), of.context)),
      );
      opened.forEach((bytes, index) => expect(bytes.equals(all[index]!.key)).toBe(true));
      await expect(keys.health()).resolves.toBeUndefined();
    });

    if (!isRemote) return;

    describe('when its service', () => {
      const all = async (wrapped: Buffer): Promise<unknown[]> =>
        Promise.all(
          [keys.unwrap(wrapped, context), keys.wrap(key, context), moved(keys, wrapped, context), keys.health()].map(
            (call) => call.catch((error: unknown) => error),
          ),
        );
      const allAre = (answers: unknown[], error: new () => Error) => {
        for (const answer of answers) expect(answer).toBeInstanceOf(error);
      };

      it('MK-32: is gone, says of every call that asking again may help', async () => {
        const wrapped = await keys.wrap(key, context);
        await stand.service!.stop();
        allAre(await all(wrapped), KeyServiceUnavailable);
      });
      it('MK-33: is back, goes on at once', async () => {
        const wrapped = await keys.wrap(key, context);
        await stand.service!.stop();
        await all(wrapped);
        await stand.service!.start();
        expect((await keys.unwrap(wrapped, context)).equals(key)).toBe(true);
      });
      it('MK-34: denies, says of every call that the operator has to look', async () => {
        const wrapped = await keys.wrap(key, context);
        stand.service!.is('denying');
        allAre(await all(wrapped), KeyServiceDenied);
      });
      it('MK-35: fails, says that asking again may help', async () => {
        const wrapped = await keys.wrap(key, context);
        stand.service!.is('failing');
        allAre(await all(wrapped), KeyServiceUnavailable);
      });
      it('MK-36: never answers, ends by itself and says that asking again may help', async () => {
        const wrapped = await keys.wrap(key, context);
        stand.service!.is('silent');
        allAre(await all(wrapped), KeyServiceUnavailable);
      });
      it('MK-37: answers what makes no sense, takes nothing of it', async () => {
        const wrapped = await keys.wrap(key, context);
        stand.service!.is('babbling');
        allAre((await all(wrapped)).slice(0, 3), KeyServiceUnavailable);
      });
      it('MK-38: breaks off in the middle, takes nothing of it', async () => {
        const wrapped = await keys.wrap(key, context);
        stand.service!.is('breaking');
        allAre(await all(wrapped), KeyServiceUnavailable);
      });
      it('MK-39: gives a key that is too short, does not take it for one', async () => {
        const wrapped = await keys.wrap(key, context);
        stand.service!.is('shortening');
        await expect(keys.unwrap(wrapped, context)).rejects.toThrow(KeyServiceUnavailable);
      });
      it('MK-40: comes and goes, gives the right key or none', async () => {
        const wrapped = await keys.wrap(key, context);
        const moods = ['well', 'failing', 'breaking', 'denying', 'well', 'babbling'] as const;
        let opened = 0;
        for (let n = 0; n < 30; n++) {
          stand.service!.is(moods[n % moods.length]!);
          const answer = await keys.unwrap(wrapped, context).catch((error: unknown) => error);
          if (!Buffer.isBuffer(answer)) expect(answer).not.toBeInstanceOf(WrappedKeyCorrupt);
          else expect(answer.equals(key) && ++opened > 0).toBe(true);
        }
        expect(opened).toBe(10);
      });
    });
  });
}

/** As the rotation does it. */
async function moved(by: MasterKeys, wrapped: Buffer, context: WrappedKeyContext): Promise<Buffer> {
  return by.rewrap ? by.rewrap(wrapped, context) : by.wrap(await by.unwrap(wrapped, context), context);
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
}
