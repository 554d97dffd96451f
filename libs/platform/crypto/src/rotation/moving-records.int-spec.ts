import { rotationSuite } from '../../test/rotation-suite.js';

describe('records that move to a new key', () => {
  const { start, addKey, addSecret, openAll, states, until } = rotationSuite();

  it('goes in batches of 200 from a stored place, and another process goes on from there', async () => {
    const [one, two] = [await start(), await start()];
    for (let n = 0; n < 450; n++) await addKey(one);
    await one.rotation.rekey();
    await until('retiring primary', one, two);
    await one.database.query('update installation_keys set next_batch_at = null');
    const left = async () => (await two.rotation.status())[0]!.remaining;
    const before = await left();
    await one.rotation.tick();
    expect(before - (await left())).toBe(200);
    await one.ring.close();
    const seen: { after_id: string }[] = await two.database.query('select after_id from rewrap_cursors');
    expect(seen).toHaveLength(1);
    await until('destroyed primary', two);
    expect(await openAll(two)).toBe(450);
    expect(await two.database.query('select * from rewrap_cursors')).toEqual([]);
  });

  it('keeps to the wanted pace, whoever moves', async () => {
    const SLOWLY = { rowsPerSecond: 0.001 };
    const [one, two] = [await start(SLOWLY), await start(SLOWLY)];
    for (let n = 0; n < 5; n++) await addSecret(one);
    await one.rotation.rekey();
    await until('retiring primary', one, two);
    for (let n = 0; n < 4; n++) await Promise.all([one.rotation.tick(), two.rotation.tick()]);
    expect((await one.rotation.status())[0]!.remaining).toBeGreaterThanOrEqual(4);
  });

  it('leaves a row that somebody has locked, and comes back for it', async () => {
    const one = await start();
    const [owner] = [await addSecret(one), await addSecret(one)];
    const holder = one.database.createQueryRunner();
    await holder.startTransaction();
    await holder.query('select from secrets where owner = $1 for update', [owner]);
    await one.rotation.rekey();
    await until('retiring primary', one);
    for (let n = 0; n < 4; n++) await one.rotation.tick();
    expect((await one.rotation.status())[0]).toMatchObject({ state: 'retiring', remaining: 1 });
    await holder.rollbackTransaction();
    await holder.release();
    await one.database.query('update installation_keys set next_batch_at = null');
    await until('destroyed primary', one);
    expect(await openAll(one)).toBe(2);
  });

  it('is not held up by a record that does not open, keeps the old key for it, and says so', async () => {
    const one = await start({ rowsPerSecond: 1 });
    const owner = await addSecret(one);
    await addSecret(one);
    // Sealed for another owner now, and the first in order.
    await one.database.query(`update secrets set owner = '' where owner = $1`, [owner]);
    await one.rotation.rekey();
    for (let n = 0; n < 10; n++) {
      await one.rotation.tick();
      await one.database.query('update installation_keys set next_batch_at = null');
    }
    expect((await one.rotation.status())[0]).toMatchObject({ state: 'retiring', remaining: 1, progress: 0.5 });
    expect(one.alarms).toContain('a record does not open and cannot move');
  });

  it('is done by one process at a time', async () => {
    const one = await start();
    await addSecret(one);
    await one.rotation.rekey();
    const other = one.database.createQueryRunner();
    await other.startTransaction();
    await other.query(
      `select pg_advisory_xact_lock(hashtextextended('strongroom key rotation ' || current_schema(), 0))`,
    );
    await one.rotation.tick();
    expect(await states(one)).toEqual(['primary', 'pre_active']);
    await other.rollbackTransaction();
    await other.release();
    await one.rotation.tick();
    expect(await states(one)).toEqual(['retiring', 'primary']);
  });
});
