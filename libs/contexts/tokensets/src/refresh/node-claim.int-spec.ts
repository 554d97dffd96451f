import { randomUUID } from 'node:crypto';
import { testPostgres, type TestService } from '@strongroom/testing';
import pg from 'pg';
import { NodeClaim } from './node-claim.js';

describe('the claim on a node', () => {
  let postgres: TestService;
  beforeAll(async () => void (postgres = await testPostgres()));
  afterAll(() => postgres?.stop());

  it('is one process, until that ends', async () => {
    const node = randomUUID();
    const [first, second, other] = [node, node, randomUUID()].map((id) => new NodeClaim(postgres.url, id));
    await first!.take();
    await expect(second!.take(300)).rejects.toThrow(/STRONGROOM_NODE_ID/);
    await other!.take(0);
    await first!.release();
    await second!.take(5_000);
    await second!.release();
    await other!.release();
  });

  it('is taken again after the database was away, or is said to be lost', async () => {
    const node = randomUUID();
    const [first, second] = [new NodeClaim(postgres.url, node), new NodeClaim(postgres.url, node)];
    const administrator = new pg.Client({ connectionString: postgres.url });
    administrator.on('error', () => undefined);
    await administrator.connect();
    const cut = () =>
      administrator.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'strongroom-node'`,
      );
    await first.take();
    await cut();
    expect(await first.keep()).toBe(true);
    await expect(second.take(300)).rejects.toThrow('Another process');
    await cut();
    await second.take(5_000);
    expect(await first.keep()).toBe(false);
    await administrator.end();
    await second.release();
  });
});
