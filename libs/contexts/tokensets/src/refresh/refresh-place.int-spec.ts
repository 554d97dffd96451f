import { refusal } from '../../test/bench.js';
import { Provider } from '../../test/provider.js';
import { refreshSuite } from '../../test/refresh-suite.js';

describe('a refresh', () => {
  const bench = refreshSuite();

  it('goes nowhere else than where the refresh token came from', async () => {
    const account = await bench.connected();
    await bench.token(account); // the connection is remembered as it was
    await bench.expire(account);
    const elsewhere = await Provider.start();
    const view = bench.directory.views.get(account.connectionId)!;
    view.options = { ...view.options, tokenURL: `${elsewhere.url}/token` };
    view.tokenOrigin = elsewhere.url;
    expect(await refusal(bench.token(account))).toMatchObject({ status: 401, details: { cause: 'endpoint_changed' } });
    expect(elsewhere.calls).toHaveLength(0);
    expect(bench.provider.refreshes).toHaveLength(0);
    await elsewhere.stop();
  });

  it('of a tokenset whose record was taken from another row is not made', async () => {
    const account = await bench.connected();
    const other = await bench.connected();
    await bench.expire(account);
    await bench.sql.query(
      `UPDATE tokensets t SET refresh_sealed = o.refresh_sealed FROM tokensets o WHERE t.id = $1 AND o.id = $2`,
      [account.tokensetId, other.tokensetId],
    );
    expect(await refusal(bench.token(account))).toMatchObject({
      status: 401,
      details: { reason: 'credential_unreadable', cause: 'unreadable' },
    });
    expect(bench.provider.refreshes).toHaveLength(0);
    expect(await bench.row(account)).toMatchObject({ status: 'reconnect_required', reason: 'unreadable' });
    expect((await bench.row(account))?.refresh_sealed).not.toBeNull();
    expect(await refusal(bench.token(account))).toMatchObject({ details: { reason: 'reconnect_required' } });
  });
});
