import { Bench } from './bench.js';

/** One bench for a suite, and its provider as new before each test. */
export function refreshSuite(): Bench {
  let started: Bench;
  beforeAll(async () => {
    started = await Bench.start({ refreshWaitMs: 8_000, refreshTimeoutMs: 10_000 });
  });
  afterAll(() => started.stop());
  beforeEach(() => {
    const { provider } = started;
    Object.assign(provider, { rotates: true, isOffline: true, graceMs: 0, expiresIn: 3600, scope: 'read write' });
    provider.before = () => undefined;
    provider.after = () => undefined;
    provider.calls.length = 0;
  });
  // The suite is described before there is a bench.
  return new Proxy({} as Bench, {
    get: (_, name) => {
      const value: unknown = Reflect.get(started, name, started);
      return typeof value === 'function' ? (value.bind(started) as unknown) : value;
    },
  });
}
