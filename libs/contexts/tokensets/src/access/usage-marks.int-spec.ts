import { Bench } from '../../test/bench.js';
import { UsageMarks } from './usage-marks.js';

describe('the day of the last use', () => {
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start();
  });
  afterAll(() => bench.stop());

  it('is written for all but the row that somebody holds, and for nobody does its writer wait', async () => {
    const [held, free] = [await bench.connected(), await bench.connected()];
    const marks = bench.app.get(UsageMarks);
    const lastUse = async ({ tokensetId }: { tokensetId: string }) =>
      (
        await bench.sql.query<{ at: Date | null }>('SELECT last_used_at AS at FROM tokensets WHERE id = $1', [
          tokensetId,
        ])
      ).rows[0]!.at;
    const holder = await bench.sql.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM tokensets WHERE id = $1 FOR UPDATE', [held.tokensetId]);
    for (const { tokensetId } of [held, free]) marks.mark(tokensetId);
    await marks.flush();
    expect([await lastUse(held), await lastUse(free)]).toEqual([null, expect.any(Date)]);
    await holder.query('COMMIT');
    holder.release();
    marks.mark(held.tokensetId);
    await marks.flush();
    expect(await lastUse(held)).toEqual(expect.any(Date));
  });

  it('AD-09 is shown to the person at once, also while others are being written', async () => {
    const [one, other] = [await bench.connected(), await bench.connected()];
    await bench.token(one);
    void bench.app.get(UsageMarks).flush();
    expect(await bench.vault.list(one.personId)).toMatchObject([{ lastUsedAt: expect.any(String) as string }]);
    await bench.token(other);
    expect(await bench.vault.list(other.personId)).toMatchObject([{ lastUsedAt: expect.any(String) as string }]);
  });
});
