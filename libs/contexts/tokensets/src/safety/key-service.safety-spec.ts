import { isFullRun, recordFigure } from '@strongroom/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bench, refusal } from '../../test/bench.js';
import { StoppingKeyService } from '../../test/safety/stopping-key-service.js';

/** 300 in a release. */
const CACHE_SECONDS = isFullRun() ? 30 : 4;

describe('a key service that stops', () => {
  let bench: Bench;
  const service = new StoppingKeyService();

  beforeAll(async () => {
    bench = await Bench.start({ masterKeys: service, masterKeyCacheSeconds: CACHE_SECONDS });
  });
  afterAll(() => bench.stop());

  it('11 hands out tokens for as long as keys stay in memory, then none, and again within seconds of its return', async () => {
    const account = await bench.connected();
    service.isAway = true;
    const stoppedAt = performance.now();
    let lastAt = 0;
    let refused: Awaited<ReturnType<typeof refusal>> | undefined;
    while (!refused) {
      refused = await bench.token(account).then(
        () => void (lastAt = performance.now()),
        (error: unknown) => refusal(Promise.reject(error as Error)),
      );
      await sleep(50);
    }
    const lastToken = (lastAt - stoppedAt) / 1000;
    const after = await Promise.all(Array.from({ length: 20 }, () => refusal(bench.token(account))));
    service.isAway = false;
    const backAt = performance.now();
    while (!(await bench.token(account).catch(() => null))) await sleep(50);
    const back = (performance.now() - backAt) / 1000;
    recordFigure({
      id: 'key-service',
      title: `key service stopped, keys kept for ${CACHE_SECONDS} s (a release keeps them 300 s)`,
      required: `last token within ${CACHE_SECONDS + 1} s, then only 503; back within 5 s`,
      measured: `last token after ${lastToken.toFixed(1)} s, then 503; back after ${back.toFixed(1)} s`,
      holds: lastToken <= CACHE_SECONDS + 1 && back <= 5,
      control: 'with keys kept for the life of the process no refusal comes',
    });
    for (const { status, code } of [refused, ...after])
      expect({ status, code }).toEqual({ status: 503, code: 'temporarily_unavailable' });
    expect((await bench.row(account))?.status).toBe('active');
  });

  it('would have seen tokens for ever from a process that keeps its keys', async () => {
    const keeping = Object.assign(new StoppingKeyService(), { isRemote: false });
    const broken = await Bench.start({ masterKeys: keeping, masterKeyCacheSeconds: 1 });
    const account = await broken.connected();
    keeping.isAway = true;
    await sleep(2_500);
    expect(await broken.token(account)).not.toBeNull();
    await broken.stop();
  });
});
