import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { TokenVault } from '@strongroom/contracts';
import { Bench } from '../../test/bench.js';

describe('who waited for the row of a tokenset while a reconnect replaced its key', () => {
  let bench: Bench;
  /** Another process on the same database: what it unwraps, the one under test has not in its memory. */
  let elsewhere: Bench['app'];

  beforeAll(async () => {
    bench = await Bench.start();
    elsewhere = bench.app;
    await bench.boot({ node: randomUUID() });
  });
  afterAll(async () => {
    await elsewhere.close();
    await bench.stop();
  });

  const untilBlocked = async (statements: number) => {
    const text = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    while (((await bench.sql.query(text)).rowCount ?? 0) < statements) await sleep(10);
  };

  /** A reconnect that has written everything but its event, and `other`, which waits for its row. */
  async function behindReconnect<T>(of: { personId: string; connectionId: string }, other: () => Promise<T>) {
    const requests = await bench.redeemRequest(of.personId, of.connectionId);
    const blocker = await bench.sql.connect();
    await blocker.query('BEGIN');
    await blocker.query('LOCK TABLE outbox IN EXCLUSIVE MODE');
    const reconnect = elsewhere.get(TokenVault).redeem(requests);
    await untilBlocked(1);
    const waiting = other();
    waiting.catch(() => undefined);
    await untilBlocked(2);
    await sleep(1_100); // a token of one second has ended too
    await blocker.query('COMMIT');
    blocker.release();
    await reconnect;
    return waiting;
  }

  it('I2 refreshes with the new key', async () => {
    bench.provider.expiresIn = 1;
    const account = await bench.connected();
    await bench.expire(account);
    const token = await behindReconnect(account, () => bench.token(account));
    expect(token?.refreshed).toBe(true);
    expect(await bench.row(account)).toMatchObject({ status: 'active', cred_version: 3 });
  });

  it('CN-27 keeps the refresh token that the reconnect brought', async () => {
    bench.provider.expiresIn = 3600;
    bench.provider.isOffline = true;
    const account = await bench.connected();
    const request = await bench.redeemRequest(account.personId, account.connectionId);
    const second = await behindReconnect(account, () => {
      bench.provider.isOffline = false;
      return bench.vault.redeem(request);
    });
    expect(second).toMatchObject({ reconnected: true, hasRefreshToken: true });
  });
});
