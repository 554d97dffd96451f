import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench } from '../../test/bench.js';
import { ended, killedAtP3b } from '../../test/killed.js';

describe('the key of a tokenset', () => {
  let bench: Bench;
  let spillDir: string;

  beforeAll(async () => {
    spillDir = join(await mkdtemp(join(tmpdir(), 'strongroom-spill-')), 'spill');
    bench = await Bench.start({ spillDir });
  });
  afterAll(async () => {
    await bench.stop();
    await rm(join(spillDir, '..'), { recursive: true });
  });

  async function aged(days: number) {
    const account = await bench.connected();
    await bench.expire(account);
    await bench.sql.query(
      'UPDATE tokenset_keys SET created_at = created_at - make_interval(days => $2) WHERE tokenset_id = $1',
      [account.tokensetId, days],
    );
    return account;
  }
  const keys = async ({ tokensetId }: { tokensetId: string }) => {
    const text = `SELECT t.key_id AS of_row, array(SELECT key_id FROM tokenset_keys WHERE tokenset_id = t.id) AS kept,
      array(SELECT key_id FROM shredded_keys WHERE tokenset_id = t.id) AS shredded FROM tokensets t WHERE id = $1`;
    const { rows } = await bench.sql.query<{ of_row: string; kept: string[]; shredded: string[] }>(text, [tokensetId]);
    return rows[0]!;
  };

  it('is another one from the first refresh after a year on, and the old one is shredded', async () => {
    const account = await aged(366);
    const before = await keys(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
    const after = await keys(account);
    expect(after.of_row).not.toBe(before.of_row);
    expect(after).toMatchObject({ kept: [after.of_row], shredded: [before.of_row] });
    expect((await bench.token(account))?.refreshed).toBe(false);
    await bench.expire(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect(await keys(account)).toEqual(after);
  });

  it('stays for a year', async () => {
    const account = await aged(364);
    const before = await keys(account);
    expect((await bench.token(account))?.refreshed).toBe(true);
    expect(await keys(account)).toEqual(before);
  });

  it('P3b that is new goes with what was spilled', async () => {
    const account = await aged(366);
    const before = await keys(account);
    await killedAtP3b(bench, account);
    expect(await keys(account)).toEqual(before);
    await ended(bench, spillDir);
    await bench.boot();
    const after = await keys(account);
    expect(after.shredded).toEqual([before.of_row]);
    expect((await bench.token(account))?.accessToken).toMatch(/^cnry_at_/);
  });
});
