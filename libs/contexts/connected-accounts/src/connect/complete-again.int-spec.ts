import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { Flow } from '../../test/browser.js';
import { accountsOf, expectNoSession, vaultRefusal } from '../../test/completing.js';
import { Bench } from '../../test/connect-bench.js';
import { suiteBench } from '../../test/suite-bench.js';
import { newId } from './secrets.js';

/** What becomes of a session whose `complete` did not come to its end. */
describe('POST complete, interrupted', () => {
  const bench = suiteBench();
  let alice: PersonView;
  let client: ClientView;
  let connection: ConnectionView & { clients: Set<string> };
  let flow: Flow;

  beforeEach(() => {
    alice = bench.person('Alice');
    client = bench.client();
    connection = bench.connection(client);
    flow = new Flow(bench, client, connection, alice);
  });

  const accounts = () => accountsOf(bench, alice);

  it('CN-29 lets the same request come again while the identity of the account is pending', async () => {
    await flow.untilCode();
    bench.vault.refusals.push(vaultRefusal('identity_pending', 503, 2), vaultRefusal('identity_pending', 503, 2));
    for (let n = 0; n < 2; n++) {
      const pending = await flow.complete();
      expect([pending.status, pending.headers['retry-after']]).toEqual([503, '2']);
      expect(pending.json()).toMatchObject({
        ...{ type: 'https://auth0.com/api-errors/A0E-503-0001', title: 'Service Unavailable' },
      });
      expect(await flow.dbState()).toBe('completing');
    }
    await bench.database.query(
      `UPDATE connect_sessions SET completing_at = completing_at - interval '1 min' WHERE id = $1`,
      [flow.sessionId],
    );
    await bench.sweep();
    const answers = await Promise.all([1, 2, 3].map(() => flow.complete()));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 404, 404]);
    expect(await accounts()).toHaveLength(1);
  });

  it('CN-29 ends a pending session with its time, and for another person at once', async () => {
    await flow.untilCode();
    bench.vault.refusals.push(vaultRefusal('identity_pending', 503, 2), vaultRefusal('identity_pending', 503, 2));
    await flow.complete();
    await bench.database.query('UPDATE connect_sessions SET expires_at = clock_timestamp() WHERE id = $1', [
      flow.sessionId,
    ]);
    expectNoSession(await flow.complete());
    await bench.sweep();
    expect(await flow.dbState()).toBe('expired');

    const other = await new Flow(bench, client, connection, alice).untilCode();
    await other.complete();
    expectNoSession(await other.complete({}, bench.token(bench.person('Bob'), client)));
    expect(await other.failures()).toEqual(['user_mismatch']);

    const guessed = await new Flow(bench, client, connection, alice).untilCode();
    bench.vault.refusals.push(vaultRefusal('identity_pending', 503, 2));
    await guessed.complete();
    expect((await guessed.complete({ connect_code: 'guess' })).status).toBe(400);
    // Nothing of them waits in the vault any longer than the session.
    expect(bench.vault.abandoned).toEqual([flow.sessionId, other.sessionId, guessed.sessionId]);
  });

  it('CN-29 CN-30 shows what was stored after all, however its pending session ends', async () => {
    const flows = [flow, new Flow(bench, client, connection, alice), new Flow(bench, client, connection, alice)];
    for (const one of flows) {
      await one.untilCode();
      bench.vault.refusals.push(vaultRefusal('identity_pending', 503, 2));
      await one.complete();
      bench.vault.results.set(one.sessionId, {
        ...{ tokensetId: newId('ts_'), accountId: newId('cac_'), scopes: [], missingScopes: [] },
        ...{ hasRefreshToken: true, reconnected: false, label: null },
      });
    }
    const [, guessed, others] = flows;
    expect((await guessed!.complete({ connect_code: 'guess' })).status).toBe(400);
    expectNoSession(await others!.complete({}, bench.token(bench.person('Bob'), client)));
    expect(await others!.failures()).toEqual(['user_mismatch']);
    await bench.database.query(
      `UPDATE connect_sessions SET expires_at = clock_timestamp(), completing_at = completing_at - interval '31 s'
       WHERE id = ANY($1)`,
      [flows.map(({ sessionId }) => sessionId)],
    );
    await bench.sweep();
    expect(await Promise.all(flows.map((one) => one.dbState()))).toEqual(['completed', 'completed', 'completed']);
    expect(await accounts()).toHaveLength(3);
  });

  it('CN-29 ends pending sessions with their time though the vault is away, which is asked once', async () => {
    const flows = [await flow.untilCode(), await new Flow(bench, client, connection, alice).untilCode()];
    bench.vault.refusals.push(...flows.map(() => vaultRefusal('identity_pending', 503, 2)));
    for (const one of flows) await one.complete();
    await bench.database.query('UPDATE connect_sessions SET expires_at = clock_timestamp() WHERE pending');
    bench.vault.failAbandon = new Error('away');
    await bench.sweep();
    for (const one of flows) expect(await one.dbState()).toBe('expired');
    expect(bench.vault.abandoned).toHaveLength(1);
  });

  it('CN-30 lets the same request come again when nobody said what became of it', async () => {
    await flow.untilCode();
    bench.directory.isAway = true;
    expect((await flow.complete()).status).toBe(503);
    bench.directory.isAway = false;
    bench.vault.refusals.push(vaultRefusal('temporarily_unavailable', 503, 2));
    expect((await flow.complete()).status).toBe(503);
    await bench.sweep();
    const answers = await Promise.all([1, 2, 3].map(() => flow.complete()));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 404, 404]);
    expect(await accounts()).toHaveLength(1);

    // Nobody comes again: what the vault never had ends later than the session would have.
    const lost = await new Flow(bench, client, connection, alice).untilCode();
    bench.vault.refusals.push(vaultRefusal('temporarily_unavailable', 503, 2));
    await lost.complete();
    const ended = (seconds: number) =>
      bench.database.query(
        `UPDATE connect_sessions SET expires_at = clock_timestamp(), ends_at = clock_timestamp() - $2 * interval '1 s'
         WHERE id = $1`,
        [lost.sessionId, seconds],
      );
    // Nor is it ended by a call that does not fit, which is its last.
    expect((await lost.complete({ connect_code: 'guess' })).status).toBe(400);
    expectNoSession(await lost.complete());
    await ended(0);
    await bench.sweep();
    expect(await lost.dbState()).toBe('completing');
    await ended(121);
    await bench.database.query('UPDATE connect_sessions SET completing_at = NULL, left_at = NULL WHERE id = $1', [
      lost.sessionId,
    ]);
    await bench.sweep();
    expect([await lost.dbState(), await lost.failures()]).toEqual(['failed', ['replayed', 'redeem_failed']]);
  });

  it('CN-30 is finished for whoever repeats the call, and by the sweep if nobody does', async () => {
    const other = new Flow(bench, client, connection, alice);
    for (const one of [flow, other]) {
      await one.untilCode();
      bench.vault.refusals.push(vaultRefusal('temporarily_unavailable', 503, 2));
      expect((await one.complete()).status).toBe(503);
      bench.vault.results.set(one.sessionId, {
        ...{ tokensetId: newId('ts_'), accountId: newId('cac_'), scopes: [], missingScopes: [] },
        ...{ hasRefreshToken: true, reconnected: false, label: null },
      });
    }
    await bench.sweep();
    expect((await flow.complete()).status).toBe(201);
    expect(await other.dbState()).toBe('completing');
    await bench.database.query(`UPDATE connect_sessions SET left_at = left_at - interval '31 s' WHERE id = $1`, [
      other.sessionId,
    ]);
    await bench.sweep();
    expect(await other.dbState()).toBe('completed');
    expect(bench.vault.sent).toHaveLength(2);
  });

  it('CN-30 finishes what died between redeem and account, and sends the code once', async () => {
    await flow.untilCode();
    bench.vault.meanwhile = () => Promise.reject(new Error('killed'));
    expect((await flow.complete()).status).toBe(500);
    await bench.sweep();
    expect(await flow.dbState()).toBe('completing');
    const stored = {
      tokensetId: 'ts_A',
      accountId: 'cac_A',
      scopes: ['a'],
      missingScopes: [],
      hasRefreshToken: true,
      reconnected: false,
      label: null,
    };
    bench.vault.results.set(flow.sessionId, stored);
    await bench.database.query(
      `UPDATE connect_sessions SET completing_at = clock_timestamp() - interval '31 s' WHERE id = $1`,
      [flow.sessionId],
    );
    await Promise.all([bench.sweep(), bench.sweep()]);
    expect(await accounts()).toMatchObject([{ id: 'cac_A', tokenset_id: 'ts_A', status: 'connected' }]);
    expect((await bench.eventsOf('cac_A')).map(({ type }) => type)).toEqual(['account.connected']);
    expect(await flow.dbState()).toBe('completed');
    expect(bench.vault.sent).toHaveLength(1);
  });

  it('CN-30 is finished by a process that has just started, once connections can be asked again', async () => {
    await flow.untilCode();
    const other = await new Flow(bench, client, connection, alice).untilCode();
    bench.vault.meanwhile = () => Promise.reject(new Error('killed'));
    for (const one of [flow, other]) await one.complete();
    await bench.database.query(
      `UPDATE connect_sessions SET completing_at = clock_timestamp() - interval '1 hour' WHERE id = ANY($1)`,
      [[flow.sessionId, other.sessionId]],
    );
    const fresh = new Bench();
    await fresh.start(bench.databaseUrl);
    fresh.directory.all.set(connection.connectionId, connection);
    fresh.vault.results.set(flow.sessionId, {
      ...{ tokensetId: 'ts_B', accountId: 'cac_B', scopes: ['a'], missingScopes: [] },
      ...{ hasRefreshToken: true, reconnected: false, label: 'Work' },
    });
    fresh.directory.isAway = true;
    await fresh.sweep();
    // Nobody says what became of it, so it waits; the one behind it does not.
    expect([await flow.dbState(), await other.dbState()]).toEqual(['completing', 'failed']);
    fresh.directory.isAway = false;
    await fresh.sweep();
    await fresh.stop();
    expect(await flow.dbState()).toBe('completed');
    expect(await accounts()).toMatchObject([{ id: 'cac_B', status: 'connected', label: 'Work' }]);
    expect(fresh.vault.sent).toEqual([]);
  });

  it('CN-30 fails what the vault knows nothing of', async () => {
    await flow.untilCode();
    bench.vault.meanwhile = () => Promise.reject(new Error('killed'));
    await flow.complete();
    const older = (by: string) =>
      bench.database.query(
        `UPDATE connect_sessions SET completing_at = clock_timestamp() - $2::interval WHERE id = $1`,
        [flow.sessionId, by],
      );
    await older('31 s');
    await bench.sweep();
    expect(await flow.dbState()).toBe('completing'); // a slow provider may still answer
    expect(bench.vault.abandoned).toEqual([]);
    await older('121 s');
    await bench.sweep();
    expect(await flow.dbState()).toBe('failed');
    expect(bench.vault.abandoned).toEqual([flow.sessionId]); // one that answers still later stores nothing
    expect(await flow.failures()).toEqual(['redeem_failed']);
    expect(await accounts()).toEqual([]);
  });

  it('gives the tokens back when the session was ended while the vault was busy', async () => {
    await flow.untilCode();
    bench.vault.meanwhile = async () => {
      await bench.database.query(
        `UPDATE connect_sessions SET state = 'failed', ended_at = clock_timestamp() WHERE id = $1`,
        [flow.sessionId],
      );
    };
    expectNoSession(await flow.complete());
    expect(bench.vault.deleted).toContain(bench.vault.results.get(flow.sessionId)!.accountId);
    expect(await accounts()).toEqual([]);
  });

  it('CN-32 stores no account for a connection that went while the vault was busy', async () => {
    await flow.untilCode();
    const connections = new Map(bench.directory.all);
    bench.vault.meanwhile = () => {
      bench.directory.all.clear();
      return Promise.resolve();
    };
    try {
      expectNoSession(await flow.complete());
    } finally {
      for (const [id, view] of connections) bench.directory.all.set(id, view);
    }
    expect(bench.vault.deleted).toContain(bench.vault.results.get(flow.sessionId)!.accountId);
    expect(await accounts()).toEqual([]);
    expect(await flow.dbState()).toBe('failed');
  });
});
