import { Breaker } from './breaker.js';

describe('the breaker of a connection', () => {
  let now: number;
  let breaker: Breaker;
  beforeEach(() => {
    now = 1_000_000;
    breaker = new Breaker(() => now);
  });

  const call = (cls: string, retryAfter: number | null = null): boolean => {
    const pass = breaker.enter();
    if (pass) breaker.answered(pass, { class: cls, retryAfter });
    return pass !== null;
  };
  const calls = (count: number, cls: string) => {
    for (let i = 0; i < count; i += 1) call(cls);
  };

  it('opens with half of twenty calls failed, and not before', () => {
    calls(10, 'ok');
    calls(9, 'retry');
    expect(breaker.state).toBe('closed');
    call('malformed');
    expect(breaker.state).toBe('open');
    expect(breaker.closed()).toEqual({ why: 'breaker', waitMs: 30_000 });
    expect(call('ok')).toBe(false);
  });

  it('stays closed below half', () => {
    calls(31, 'ok');
    calls(30, 'retry');
    expect(breaker.state).toBe('closed');
  });

  it('forgets what is older than thirty seconds', () => {
    calls(19, 'retry');
    now += 31_000;
    call('retry');
    expect(breaker.state).toBe('closed');
  });

  it('lets one probe in after thirty seconds, and all with its good answer', () => {
    calls(20, 'retry');
    now += 30_000;
    const probe = breaker.enter();
    expect(probe).not.toBeNull();
    expect(breaker.state).toBe('probing');
    expect(breaker.enter()).toBeNull();
    breaker.answered(probe!, { class: 'ok', retryAfter: null });
    expect(breaker.state).toBe('closed');
    expect(call('ok')).toBe(true);
  });

  it('waits another thirty seconds with a bad one', () => {
    calls(20, 'retry');
    now += 30_000;
    call('retry');
    expect(breaker.closed()).toEqual({ why: 'breaker', waitMs: 30_000 });
  });

  it('takes a refusal of the grant as an answer of a provider that works', () => {
    calls(20, 'retry');
    now += 30_000;
    call('reconnect');
    expect(breaker.state).toBe('closed');
  });

  it('gives the probe to the next one where nothing was sent', () => {
    calls(20, 'retry');
    now += 30_000;
    call('none');
    expect(breaker.state).toBe('open');
    expect(breaker.enter()).not.toBeNull();
  });

  it('19 opens at once for a client that is refused, and probes once a minute', () => {
    calls(30, 'ok');
    call('client_config');
    expect(breaker.closed()).toEqual({ why: 'client_config', waitMs: 60_000 });
    now += 60_000;
    call('client_config');
    expect(call('ok')).toBe(false);
    now += 60_000;
    call('ok');
    expect(breaker.state).toBe('closed');
  });

  it('is left alone by a bug and by what nobody knows', () => {
    calls(40, 'bug');
    calls(40, 'unknown');
    expect(breaker.state).toBe('closed');
  });

  it.each([
    [20, 20_000],
    [86_400, 900_000],
  ])('stops the calls for a Retry-After of %i s, and then all go on', (retryAfter, waitMs) => {
    call('rate_limited', retryAfter);
    expect(breaker.closed()).toEqual({ why: 'rate_limited', waitMs });
    now += waitMs;
    expect([call('ok'), call('ok')]).toEqual([true, true]);
    expect(breaker.state).toBe('closed');
  });

  it('does not believe an answer that was under way when it opened', () => {
    const late = breaker.enter()!;
    calls(20, 'retry');
    breaker.answered(late, { class: 'ok', retryAfter: null });
    expect(breaker.state).toBe('open');
  });
});
