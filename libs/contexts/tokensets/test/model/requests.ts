import type { RefreshAnswer } from '../../src/refresh/refresh.types.js';
import type { SendRefresh } from '../../src/refresh/refresh-core.js';
import { type ModelStart, TIMEOUT_MS } from './model-node.js';
import { readToken } from './oracle.js';
import { LIFE_MS } from './outside.js';
import type { World } from './world.js';

const NOTHING: RefreshAnswer = {
  outcome: 'error',
  class: 'retry',
  httpStatus: null,
  code: null,
  retryAfter: null,
  sent: true,
};
const ERROR: RefreshAnswer = { ...NOTHING, httpStatus: 500 };
const LIMITED: RefreshAnswer = { ...NOTHING, class: 'rate_limited', httpStatus: 429, retryAfter: 5 };
const REFUSED: RefreshAnswer = { ...NOTHING, class: 'reconnect', httpStatus: 400, code: 'invalid_grant' };

let ids = 0;

/** Requests of one process to the provider. What was sent is acted on even if nobody waits for the answer any more. */
export function requests(world: World, sender: ModelStart, node: string): SendRefresh {
  const { process, settings } = sender;
  return async (refreshToken, scopes, now) => {
    const id = (ids += 1);
    const token = readToken(refreshToken);
    const snapshot = await process.io(() => world.snapshot());
    world.see({ saw: 'send', id, elapsed: world.time.monotonic(), node, boot: settings.bootId, token, snapshot });
    const treatment = world.next;
    world.next = undefined;
    const answer = await new Promise<RefreshAnswer>((resolve) => {
      const disarm = world.time.timer(TIMEOUT_MS, process, () => resolve(NOTHING));
      void answered().then((found) => {
        disarm();
        resolve(found);
      });
    });
    if (!process.isAlive) return new Promise(() => undefined);
    world.see({ saw: 'heard', id, answer: heardOf(answer) });
    const { controls } = world.ground;
    if (answer.outcome === 'tokens') await controls.answered(world, sender, answer.accessToken);
    return controls.heard(answer);

    async function answered(): Promise<RefreshAnswer> {
      await world.scheduler.stop('provider', null);
      if (treatment === 'rate limited') return LIMITED;
      const answer = treatment === 'lost before it acted' ? NOTHING : acted(id, refreshToken, scopes, now);
      await world.scheduler.stop('answer', process);
      return treatment === 'server error' ? ERROR : treatment ? NOTHING : answer;
    }
  };

  function acted(id: number, refreshToken: string, scopes: string[], now: Date): RefreshAnswer {
    const answer = world.oracle.refresh(refreshToken);
    world.see({ saw: 'acted', id, newest: answer.ok ? answer.newest : null });
    if (!answer.ok) {
      if (answer.isReuse) world.see({ saw: 'reuse', grant: readToken(refreshToken).grant });
      return REFUSED;
    }
    return {
      outcome: 'tokens',
      accessToken: answer.access,
      refreshToken: answer.refresh,
      scopes,
      expiresAt: new Date(now.getTime() + LIFE_MS),
      refreshExpiresAt: null,
      brought: { extras: {}, params: {} },
    };
  }
}

function heardOf(answer: RefreshAnswer): 'tokens' | 'refusal' | 'nothing' {
  if (answer.outcome === 'tokens') return 'tokens';
  return answer.class === 'reconnect' ? 'refusal' : 'nothing';
}
