import { OpenWatch } from './open-watch.js';

describe('OpenWatch', () => {
  let now: number;
  let watch: OpenWatch;
  beforeEach(() => {
    now = 0;
    watch = OpenWatch.at(() => now);
  });
  const fail = (count: number, from = 0) => Array.from({ length: count }, (_, i) => watch.didNotOpen(`ts_${from + i}`));

  it('encryption §9 stops at the tenth record that does not open within a minute', () => {
    expect(fail(9)).toEqual(Array<boolean>(9).fill(true));
    expect([watch.isStopped, watch.admits()]).toEqual([false, true]);
    expect(fail(1, 9)).toEqual([false]);
    expect([watch.isStopped, watch.admits()]).toEqual([true, false]);
  });

  it('counts a record once, however many ask for it', () => {
    for (let i = 0; i < 50; i++) expect(watch.didNotOpen('ts_same')).toBe(true);
    expect(watch.isStopped).toBe(false);
  });

  it('forgets what failed a minute ago', () => {
    fail(9);
    now = 60_000;
    expect(fail(9, 9)).not.toContain(false);
    expect(watch.isStopped).toBe(false);
  });

  it('is not stopped by single failures among many records that open', () => {
    for (let minute = 0; minute < 20; minute++) {
      now = minute * 60_000;
      fail(5, minute * 5);
      watch.opened();
    }
    expect(watch.isStopped).toBe(false);
  });

  it('tries one a second while stopped, and goes on after ten in a row have opened', () => {
    fail(10);
    for (let i = 0; i < 10; i++) {
      expect(watch.admits()).toBe(false);
      now += 1_000;
      expect(watch.admits()).toBe(true);
      expect(watch.isStopped).toBe(true);
      watch.opened();
    }
    expect([watch.isStopped, watch.admits(), watch.admits()]).toEqual([false, true, true]);
  });

  it('begins to count again when a try fails, and says nothing of that record', () => {
    fail(10);
    for (let i = 0; i < 9; i++) watch.opened();
    expect(watch.didNotOpen('ts_tried')).toBe(false);
    watch.opened();
    expect(watch.isStopped).toBe(true);
  });
});
