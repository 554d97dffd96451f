import crypto from 'node:crypto';
import { jest } from '@jest/globals';
import type { KeyRing } from '@strongroom/crypto';
import { recordFigure } from '@strongroom/testing';
import type { Bench } from '../../test/bench.js';

const OPENS = 1_000;

describe('the key of a tokenset', () => {
  let derivations = 0;
  let bench: Bench;
  let ring: () => KeyRing;

  beforeAll(async () => {
    // Node's own function, with a count: whoever is imported after this derives through it.
    const hkdfSync: typeof crypto.hkdfSync = (...of) => {
      derivations += 1;
      return crypto.hkdfSync(...of);
    };
    jest.unstable_mockModule('node:crypto', () => ({ ...crypto, default: crypto, hkdfSync }));
    const { KeyRing } = await import('@strongroom/crypto');
    bench = await (await import('../../test/bench.js')).Bench.start();
    ring = () => bench.app.get(KeyRing);
  });
  afterAll(() => bench.stop());

  const keyIdOf = async (account: { tokensetId: string }): Promise<string> =>
    (await bench.sql.query<{ key_id: string }>('SELECT key_id FROM tokensets WHERE id = $1', [account.tokensetId]))
      .rows[0]!.key_id;

  it(`is derived once for ${OPENS} opens within its minute`, async () => {
    const account = await bench.connected();
    await bench.app.close();
    await bench.boot();
    // What the start itself derives is over once somebody has been served.
    await bench.token(await bench.connected());
    const [before, hits] = [derivations, ring().counters.cacheHits];
    // All within one moment of the cache's clock, however long this machine takes.
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    for (let n = 0; n < OPENS; n += 1) await bench.token(account);
    clock.mockRestore();
    const counted = derivations - before;
    recordFigure({
      id: 'derivations',
      title: 'Key derivations for 1,000 opens of one tokenset within 60 s',
      required: '1',
      measured: String(counted),
      holds: counted === 1,
      control: 'a key that is forgotten before each of 10 opens is derived 10 times',
    });
    expect(counted).toBe(1);
    expect(ring().counters.cacheHits - hits).toBe(OPENS - 1);
  }, 300_000);

  it('control: is derived at every open that finds it forgotten', async () => {
    const account = await bench.connected();
    const keyId = await keyIdOf(account);
    const before = derivations;
    for (let n = 0; n < 10; n += 1) {
      ring().forget(keyId);
      await bench.token(account);
    }
    expect(derivations - before).toBe(10);
  });

  it('leaves memory with the deletion of its tokenset', async () => {
    const account = await bench.connected();
    const keyId = await keyIdOf(account);
    await bench.token(account);
    // Without its wrapped form only memory can have it.
    const inMemory = () => ring().openTokensetKey(account.tokensetId, keyId, Buffer.alloc(0));
    expect(inMemory().id).toBe(keyId);
    await bench.vault.delete({ ...account, reason: 'disconnected', actor: { kind: 'user' } });
    expect(inMemory).toThrow('the sealed value cannot be opened');
  });
});
