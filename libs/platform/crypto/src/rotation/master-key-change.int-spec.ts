import { rotationSuite } from '../../test/rotation-suite.js';
import { ConfiguredMasterKeys } from '../configured-master-keys.js';
import { NoKeyForSealedRowsError } from '../crypto.errors.js';
import type { KeyRotation } from './key-rotation.js';

const masterKeysOf = async (rotation: KeyRotation) => (await rotation.status()).map(({ masterKeyId }) => masterKeyId);

describe('a change of the master key', () => {
  const { masterKey, start, addSecret, openAll, until, said } = rotationSuite();

  it('wraps the keys again once every process has the new one first, and the old one may go', async () => {
    const fresh = ConfiguredMasterKeys.generate('second');
    const old = [await start(), await start()];
    await addSecret(old[0]!);
    const [before] = await old[0]!.database.query<{ sealed: Buffer }[]>('select sealed from secrets');
    await old[0]!.ring.close();
    const one = await start({ masterKeys: `${fresh},${masterKey}` });
    for (let n = 0; n < 3; n++) await one.rotation.tick();
    expect(await masterKeysOf(one.rotation)).toEqual(['first']);
    await old[1]!.ring.close();
    const two = await start({ masterKeys: `${fresh},${masterKey}` });
    await one.rotation.tick();
    expect(await masterKeysOf(one.rotation)).toEqual(['second']);
    expect(await masterKeysOf(two.rotation)).toEqual(['second']);
    expect(said().map(({ step }) => step)).toEqual(['master_key_changed']);

    const [after] = await one.database.query<{ sealed: Buffer }[]>('select sealed from secrets');
    expect(after!.sealed.equals(before!.sealed)).toBe(true);
    expect(await openAll(await start({ masterKeys: fresh }))).toBe(1);
    await expect(start()).rejects.toThrow(NoKeyForSealedRowsError);
  });

  it('wraps a retired key again too: it may still be needed', async () => {
    const fresh = ConfiguredMasterKeys.generate('second');
    const old = await start({ retiredSeconds: 3600 });
    await old.rotation.rekey();
    await until('retired primary', old);
    await old.ring.close();
    const one = await start({ masterKeys: `${fresh},${masterKey}` });
    await one.rotation.tick();
    expect(await masterKeysOf(one.rotation)).toEqual(['second', 'second']);
  });

  it('names the master key of rows that were written before there was a place for it', async () => {
    const one = await start();
    await one.database.query('update installation_keys set master_key_id = null');
    expect(await masterKeysOf(one.rotation)).toEqual([null]);
    await one.rotation.tick();
    expect(await masterKeysOf(one.rotation)).toEqual(['first']);
    expect(said()).toEqual([]);
  });
});
