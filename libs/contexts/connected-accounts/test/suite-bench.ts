import { testPostgres, type TestService } from '@strongroom/testing';
import { Bench } from './connect-bench.js';

/** A bench for the tests of the `describe` that calls this: it runs from the first to the last of them. */
export function suiteBench(settings: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench(settings);
  let postgres: TestService | undefined;
  beforeAll(async () => {
    postgres = await testPostgres();
    await bench.start(postgres.url);
  });
  afterAll(async () => {
    await bench.stop();
    await postgres?.stop();
  });
  beforeEach(() => bench.vault.forget());
  return bench;
}
