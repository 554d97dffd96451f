import { randomUUID } from 'node:crypto';
import { eventually, rotationSuite, targets } from '../../test/rotation-suite.js';
import { Seeded } from '../../test/seeded.js';
import { ConfiguredMasterKeys } from '../configured-master-keys.js';
import { RekeyRunningError } from '../crypto.errors.js';
import { sealBox } from '../intake-box.js';
import { IntakePrivateKeys } from '../intake-private-keys.js';
import { type KeyRing } from '../key-ring.js';
import { KeyRotation } from './key-rotation.js';
import type { KeyringChange, RewrapTarget } from './rotation.types.js';

describe('KeyRotation', () => {
  const { masterKey, start, addKey, addSecret, openAll, states, until, settings, closeRings, said } = rotationSuite();

  it('takes every record from the old key to the new one, and destroys the old one', async () => {
    const [one, two] = [await start(), await start()];
    const intake = await IntakePrivateKeys.load(one.ring, one.database);
    const context = { purpose: 'provider-code', connectionId: 'con_1', ownerId: 'cs_1', field: 'code' } as const;
    const box = await sealBox(intake.current(), context, 'cnry_code');
    for (let n = 0; n < 30; n++) await addKey(n % 2 ? one : two);
    for (let n = 0; n < 20; n++) await addSecret(n % 2 ? one : two);
    const old = one.ring.primary().id;
    const family = randomUUID();
    const successor = (ring: KeyRing, sealed: Buffer) => ring.openValue('refresh_token', family, 'successor', sealed);
    for (let n = 0; n < 3; n++)
      await one.database.query('insert into successors values ($1, $2, $3)', [
        Buffer.from([n, 255, 0]),
        family,
        one.ring.sealValue('refresh_token', family, 'successor', 'cnry_successor'),
      ]);

    await one.rotation.rekey();
    await until('destroyed primary', one, two);

    expect(said().map(({ step }) => step)).toEqual(['created', 'promoted', 'retired', 'destroyed']);
    expect(one.ring.primary().id).not.toBe(old);
    expect(two.ring.primary().id).toBe(one.ring.primary().id);
    expect(await openAll(one)).toBe(50);
    // A process that never had the old key: it opens all the same.
    const fresh = await start();
    expect(await openAll(fresh)).toBe(50);
    const successors = await one.database.query<{ sealed: Buffer }[]>('select sealed from successors');
    expect(successors.map(({ sealed }) => successor(fresh.ring, sealed).toString())).toEqual(
      Array(3).fill('cnry_successor'),
    );
    expect(await (await IntakePrivateKeys.load(fresh.ring, fresh.database)).open(context, box)).toBe('cnry_code');
    const [row] = await one.database.query<{ wrapped: null; check_record: null; created_at: Date }[]>(
      'select wrapped, check_record, created_at from installation_keys where id = $1',
      [old],
    );
    expect(row).toEqual({ wrapped: null, check_record: null, created_at: expect.any(Date) as Date });
    expect([...one.alarms, ...two.alarms]).toEqual([]);
  });

  it('does not touch the records of tokensets, nor rows that hold nothing', async () => {
    const one = await start();
    await one.database.query(`insert into secrets (owner) values ('empty')`);
    await one.rotation.rekey();
    await until('destroyed primary', one);
    expect(await one.database.query(`select sealed from secrets where owner = 'empty'`)).toEqual([{ sealed: null }]);
  });

  it('counts what is sealed, what remains and how far it has come', async () => {
    const one = await start({ rowsPerSecond: 1 });
    for (let n = 0; n < 4; n++) await addSecret(one);
    await one.ring.reload();
    expect(await one.rotation.status()).toMatchObject([
      { state: 'primary', context: 'tokensets', sealed: 4, remaining: 4, progress: 0, masterKeyId: 'first' },
    ]);
    await one.rotation.rekey();
    await until('retiring primary', one);
    await one.rotation.tick();
    const [old, fresh] = await one.rotation.status();
    expect(old).toMatchObject({ remaining: 3, progress: 0.25 });
    expect(fresh).toMatchObject({ remaining: 1, progress: 0 });
  });

  describe('a new key', () => {
    it('is not used before every live process has it', async () => {
      const [one, two] = [await start(), await start()];
      await one.rotation.rekey();
      for (let n = 0; n < 5; n++) await one.rotation.tick();
      expect(await states(one)).toEqual(['primary', 'pre_active']);
      await two.ring.reload();
      await one.rotation.tick();
      expect(await states(one)).toEqual(['retiring', 'primary']);
    });

    it('waits for no process that has ended in order, or was not seen for 30 s', async () => {
      const [one, two, three] = [await start(), await start(), await start()];
      await one.rotation.rekey();
      await two.ring.close();
      await one.rotation.tick();
      expect(await states(one)).toEqual(['primary', 'pre_active']);
      await one.database.query(
        `update key_loads set seen_at = seen_at - interval '31 s' where node not in
           (select node from key_loads where kind = 'installation' and state = 'pre_active')`,
      );
      await one.rotation.tick();
      expect(await states(one)).toEqual(['retiring', 'primary']);
      // The sleeper wakes up: what it finds is not its to judge before it has looked.
      expect(await openAll(three)).toBe(0);
      const owner = await addSecret(one);
      const [row] = await one.database.query<{ sealed: Buffer }[]>('select sealed from secrets');
      await three.ring.reload();
      expect(three.ring.openValue('client-secret', owner, 'client_secret', row!.sealed).toString()).toBe(
        `cnry_${owner}`,
      );
    });

    it('is one, however many ask at once, and none while one is on its way', async () => {
      const [one, two] = [await start(), await start()];
      const asked = await Promise.allSettled([one, two, one, two].map(({ rotation }) => rotation.rekey()));
      expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const answer of asked)
        if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(RekeyRunningError);
      await until('retiring primary', one, two);
      await expect(two.rotation.rekey()).rejects.toThrow(RekeyRunningError);
      await until('destroyed primary', one, two);
      await two.rotation.rekey();
      await until('destroyed destroyed primary', one, two);
    });

    it('that a process cannot unwrap is not used, and that process goes on', async () => {
      const two = await start();
      const one = await start({ masterKeys: `${ConfiguredMasterKeys.generate('new')},${masterKey}` });
      await addSecret(two);
      await one.rotation.rekey();
      await two.ring.reload();
      for (let n = 0; n < 5; n++) await one.rotation.tick();
      expect(await states(one)).toEqual(['primary', 'pre_active']);
      expect(await openAll(two)).toBe(1);
      expect(two.alarms).toEqual(['no master key of this process opens an installation key']);
      const again = await start(); // as one that crashed before its configuration was changed: nothing is under that key
      expect(await openAll(again)).toBe(1);
      expect(await states(one)).toEqual(['primary', 'pre_active']);
      await one.ring.close(); // the change is taken back: nobody opens that key any more, and everything else goes on
      await again.rotation.tick();
      expect(await states(again)).toEqual(['primary', 'pre_active']);
    });
  });

  it('never lets a process seal under a key that another cannot open, in whatever order they look', async () => {
    let destroyed = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const processes = [await start(), await start(), await start()];
      const seeded = new Seeded(seed);
      const oneOf = () => seeded.pick(processes);
      await oneOf().ring.reload();
      await oneOf()
        .rotation.rekey()
        .catch((error: unknown) => expect(error).toBeInstanceOf(RekeyRunningError));
      for (let n = 0; n < 25; n++) {
        await processes[0]!.database.query('update installation_keys set next_batch_at = null'); // no waiting
        await (seeded.below(2) === 0 ? oneOf().rotation.tick() : oneOf().ring.reload());
        await addKey(oneOf());
        for (const process of processes) await openAll(process);
      }
      destroyed = (await states(processes[0]!)).filter((state) => state === 'destroyed').length;
      await processes[0]!.database.query('delete from tokenset_keys');
      await closeRings();
    }
    expect(destroyed).toBeGreaterThan(3); // so much has been turned meanwhile
  });

  it('goes on after a process that ended inside any step', async () => {
    const [one, two] = [await start(), await start()];
    for (let n = 0; n < 10; n++) await addKey(one);
    for (const step of ['created', 'promoted', 'retired', 'destroyed']) {
      const ends = (_tx: unknown, change: KeyringChange) =>
        change.step === step ? Promise.reject(new Error('ended')) : Promise.resolve();
      const dying = new KeyRotation({ ...settings(one), say: ends });
      await dying.rekey().catch(() => undefined);
      for (let n = 0; n < 8; n++) {
        await dying.tick().catch((error: Error) => expect(error.message).toBe('ended'));
        await two.ring.reload();
      }
      if (step === 'created') expect(await states(two)).toEqual(['primary']);
      if (step === 'created') await two.rotation.rekey();
      const done = (await states(two)).map((_state, index, all) =>
        index === all.length - 1 ? 'primary' : 'destroyed',
      );
      await until(done.join(' '), two, one);
      expect(await openAll(one)).toBe(10);
      expect(await openAll(two)).toBe(10);
    }
    expect(await states(one)).toHaveLength(5);
  });

  it('goes on after an end in the middle of a batch, and nothing of the batch is half done', async () => {
    const one = await start();
    for (let n = 0; n < 10; n++) await addSecret(one);
    let asked = 0;
    const secrets = targets.at(-1)!;
    const ends: RewrapTarget = {
      ...secrets,
      aad: (row, installationId) => {
        if (++asked === 7) throw new Error('ended');
        return secrets.aad(row, installationId);
      },
    };
    await one.rotation.rekey();
    await until('retiring primary', one);
    await new KeyRotation({ ...settings(one), targets: [ends] }).tick().catch(() => undefined);
    expect(asked).toBe(7);
    expect((await one.rotation.status())[0]).toMatchObject({ remaining: 10 });
    await until('destroyed primary', one);
    expect(await openAll(one)).toBe(10);
  });

  it('runs by itself once started, and not after it was stopped', async () => {
    const one = await start();
    await addSecret(one);
    one.rotation.start();
    await one.rotation.rekey();
    await eventually(async () => expect(await states(one)).toEqual(['destroyed', 'primary']));
    await one.rotation.stop();
    await one.rotation.rekey();
    expect(await states(one)).toEqual(['destroyed', 'primary', 'pre_active']);
  });
});
