import { randomUUID } from 'node:crypto';
import { eventually, type Process, rotationSuite } from '../../test/rotation-suite.js';
import { KeyRingBehindError } from '../crypto.errors.js';
import { recordKeyId } from '../record.js';
import type { KeyRotationOptions } from './rotation.types.js';

describe('the old key of a rotation', () => {
  const { start, addSecret, openAll, states, until, said } = rotationSuite();

  const retiring = async (options: Partial<KeyRotationOptions> = {}): Promise<[Process, Process]> => {
    const both: [Process, Process] = [await start(options), await start(options)];
    await addSecret(both[0]);
    await both[0].rotation.rekey();
    await until('retiring primary', ...both);
    return both;
  };

  it('does not retire while a process still seals under it', async () => {
    const [one, two] = [await start(), await start()];
    await one.rotation.rekey();
    await two.ring.reload();
    for (let n = 0; n < 6; n++) await one.rotation.tick();
    expect(await states(one)).toEqual(['retiring', 'primary']);
    const owner = await addSecret(two);
    await two.ring.reload();
    for (let n = 0; n < 6; n++) await one.rotation.tick();
    expect(await states(one)).toEqual(['destroyed', 'primary']);
    expect(await openAll(two)).toBe(1);
    expect(owner).toBeDefined();
  });

  it('does not retire before all have sealed under the new one for as long as is asked', async () => {
    const [one, two] = await retiring({ settleSeconds: 3600 });
    for (let n = 0; n < 6; n++) await one.rotation.tick();
    expect((await one.rotation.status())[0]).toMatchObject({ state: 'retiring', remaining: 0, progress: 1 });
    await one.database.query(`update key_loads set since = since - interval '2 hours'`);
    await until('destroyed primary', one, two);
  });

  it('comes back when a record that was stored late needs it', async () => {
    const [one, two] = await retiring({ retiredSeconds: 3600 });
    const owner = randomUUID();
    const [old] = await one.rotation.status();
    const sealed = await sealedUnder(one, old!.keyId, owner);
    await until('retired primary', one, two);
    await one.database.query('insert into secrets (owner, sealed) values ($1, $2)', [owner, sealed]);
    await one.rotation.tick();
    expect(await states(one)).toEqual(['retiring', 'primary']);
    await until('retired primary', one, two);
    expect(await openAll(two)).toBe(2);
    expect(said().map(({ step }) => step)).toEqual(['created', 'promoted', 'retired', 'put_back', 'retired']);
    expect(one.alarms).toEqual(['a retired key is needed after all; its records move once more']);
  });

  it('comes back with an alarm when somebody tries to open under it', async () => {
    const [one, two] = await retiring({ retiredSeconds: 3600 });
    const [old] = await one.rotation.status();
    const sealed = await sealedUnder(one, old!.keyId, 'spilled');
    await until('retired primary', one, two);
    const open = () => two.ring.openValue('client-secret', 'spilled', 'client_secret', sealed).toString();
    expect(open).toThrow(KeyRingBehindError);
    expect(two.alarms).toEqual(['a record needs a retired key; the key comes back']);
    expect(two.ring.counters.failures.get('retired_key')).toBe(1);
    await eventually(async () => {
      await two.ring.reload();
      expect(open()).toBe('cnry_spilled');
    });
    await until('retiring primary', one, two);
    expect(said().at(-1)!.step).toBe('put_back');
  });

  it('is kept for as long as is asked after it has retired', async () => {
    const [one, two] = await retiring({ retiredSeconds: 3600 });
    await until('retired primary', one, two);
    for (let n = 0; n < 3; n++) await one.rotation.tick();
    expect(await states(one)).toEqual(['retired', 'primary']);
    await one.database.query(`update installation_keys set state_changed_at = state_changed_at - interval '2 hours'`);
    await one.rotation.tick();
    expect(await states(one)).toEqual(['destroyed', 'primary']);
  });

  it('is not destroyed while the header of any record names it, whatever the columns say', async () => {
    const [one, two] = await retiring({ retiredSeconds: 3600 });
    const [old] = await one.rotation.status();
    const sealed = await sealedUnder(one, old!.keyId, 'hidden');
    await until('retired primary', one, two);
    await one.database.query(`
      alter table secrets drop column sealing_key_id;
      alter table secrets add column sealing_key_id uuid`);
    await one.database.query(`insert into secrets (owner, sealed) values ('hidden', $1)`, [sealed]);
    await one.database.query(`update installation_keys set state_changed_at = state_changed_at - interval '2 hours'`);
    for (let n = 0; n < 3; n++) await one.rotation.tick();
    expect(await states(one)).toEqual(['retired', 'primary']);
    expect(one.alarms).toEqual(['records name a key that their columns do not; it is kept']);
  });

  /** What a process holds that has sealed before the rotation and stores after it. */
  const sealedUnder = async ({ database }: Process, keyId: string, owner: string): Promise<Buffer> => {
    const late = await start();
    await database.query(`update installation_keys set state = 'pre_active' where state = 'primary'`);
    await database.query(`update installation_keys set state = 'primary' where id = $1`, [keyId]);
    await late.ring.reload();
    const sealed = late.ring.sealValue('client-secret', owner, 'client_secret', `cnry_${owner}`);
    await database.query(`update installation_keys set state = 'retiring' where id = $1`, [keyId]);
    await database.query(`update installation_keys set state = 'primary' where state = 'pre_active'`);
    await late.ring.close();
    expect(recordKeyId(sealed)).toBe(keyId);
    return sealed;
  };
});
