import { InProcessReplayStore } from './in-process-replay-store.js';
import { describeReplayStore } from './replay-store.conformance.js';

describeReplayStore('InProcessReplayStore', () => new InProcessReplayStore());

describe('a replay store of one process', () => {
  it('X6 refuses what is older than itself, because it may have been used before', async () => {
    const store = new InProcessReplayStore(() => 1_000_000);
    expect(await store.isFirst('cnry_old', 120, 999)).toBe(false);
    expect(await store.isFirst('cnry_new', 120, 1000)).toBe(true);
  });

  it('X6 takes nothing more rather than forget what may still be used again', async () => {
    let now = 0;
    const store = new InProcessReplayStore(() => now, 2);
    expect(await store.isFirst('cnry_1', 120)).toBe(true);
    expect(await store.isFirst('cnry_2', 60)).toBe(true);
    await expect(store.isFirst('cnry_3', 120)).rejects.toMatchObject({ status: 503, code: 'temporarily_unavailable' });
    expect(await store.isFirst('cnry_1', 120)).toBe(false);
    now = 60_000;
    expect(await store.isFirst('cnry_3', 120)).toBe(true);
  });
});
