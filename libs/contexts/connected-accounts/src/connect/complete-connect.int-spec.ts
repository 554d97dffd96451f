import { testPostgres, type TestService } from '@strongroom/testing';
import { Browser, Flow } from '../../test/browser.js';
import { Bench } from '../../test/connect-bench.js';

describe('a whole flow', () => {
  let postgres: TestService;
  let bench: Bench;

  beforeAll(async () => {
    postgres = await testPostgres();
    bench = await Bench.start(postgres.url);
  }, 60_000);
  afterAll(async () => {
    await bench?.stop();
    await postgres?.stop();
  });

  it('CO-12 connects', async () => {
    const client = bench.client();
    const flow = new Flow(bench, client, bench.connection(client), bench.person('Alice'));
    await flow.untilCode();
    const answer = await flow.complete();
    expect(answer.body).toBe('');
    expect(answer.status).toBe(201);
    expect(Browser).toBeDefined();
  });
});
