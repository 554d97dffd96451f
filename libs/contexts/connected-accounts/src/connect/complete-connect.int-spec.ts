import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { Flow } from '../../test/browser.js';
import { accountsOf, expectNoSession, vaultRefusal } from '../../test/completing.js';
import { suiteBench } from '../../test/suite-bench.js';
import { challengeOf, newSecret } from './secrets.js';

describe('POST complete', () => {
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
  const expectNothing = async (): Promise<void> => {
    expect(bench.vault.sent).toEqual([]);
    expect(await accounts()).toEqual([]);
  };
  /** Nothing that could be used again is left in the row. */
  const expectErased = async (sessionId: string): Promise<void> => {
    const row = await bench.session(sessionId);
    const secrets = [
      'code_box',
      'verifier_box',
      'nonce',
      'connect_code_hash',
      'code_challenge',
      'app_state',
      'redirect_uri',
    ];
    expect(secrets.map((name) => row[name])).toEqual(secrets.map(() => null));
    expect([row['authorization_params'], row['captured'], row['scopes_asked']]).toEqual([{}, {}, []]);
    expect(row['ended_at']).toBeInstanceOf(Date);
  };
  it('CN-26 stores every scope that was granted, though an event may not say each of them', async () => {
    const opaque = 'AbCdEf0123456789'.repeat(8);
    const scopes = [opaque, ...Array.from({ length: 250 }, (_, n) => `https://api.example/${n}/`.padEnd(255, 'y.'))];
    bench.vault.answer = { scopes, missingScopes: [opaque] };
    const answer = await (await flow.untilCode({ scopes: [opaque] })).complete();
    expect([answer.status, answer.json()['scopes'], answer.json()['missing_scopes']]).toEqual([201, scopes, [opaque]]);
    const [said] = await bench.eventsOf(answer.json()['id'] as string);
    expect(said!.data).toMatchObject({ missingScopes: [] });
    expect(said!.data['scopes']).toEqual(scopes.slice(1, 96));
  });

  it('CO-12 answers 201 with the account and says so', async () => {
    await flow.untilCode();
    const answer = await flow.complete();
    expect(answer.status).toBe(201);
    const body = answer.json() as { id: string; created_at: string };
    expect(body).toEqual({
      id: expect.stringMatching(/^cac_[A-Za-z0-9]+$/) as string,
      connection: connection.name,
      access_type: 'offline',
      scopes: ['mail.read'],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    });
    expect(await bench.eventsOf(body.id)).toEqual([
      {
        type: 'account.connected',
        sequence: 1,
        data: expect.objectContaining({
          accountId: body.id,
          personId: alice.personId,
          clientId: client.clientId,
          connectSessionId: flow.sessionId,
          reconnected: false,
        }) as object,
      },
    ]);
    expect(await flow.dbState()).toBe('completed');
    expect(await flow.failures()).toEqual([]);
    await expectErased(flow.sessionId);
  });

  it('hands the vault the very code and verifier, and the redirect URI the provider saw', async () => {
    await flow.untilCode({ scopes: ['mail.send'] });
    await flow.complete();
    const [sent] = bench.vault.sent;
    expect(await bench.vault.unsealed(sent!, 'code')).toBe(flow.code);
    expect(challengeOf(await bench.vault.unsealed(sent!, 'verifier'))).toBe(
      flow.atProvider.searchParams.get('code_challenge'),
    );
    expect(sent).toMatchObject({
      sessionId: flow.sessionId,
      personId: alice.personId,
      clientId: client.clientId,
      connectionId: connection.connectionId,
      redirectUri: flow.atProvider.searchParams.get('redirect_uri'),
      scopesAsked: ['mail.send'],
      pinnedAccountId: null,
    });
  });

  it('says what was not granted, and that there is no refresh token', async () => {
    bench.vault.answer = { scopes: ['mail.read'], missingScopes: ['mail.send'], hasRefreshToken: false };
    await flow.untilCode({ scopes: ['mail.read', 'mail.send'] });
    expect((await flow.complete()).json()).toMatchObject({
      scopes: ['mail.read'],
      missing_scopes: ['mail.send'],
      warnings: ['no_refresh_token'],
    });
  });

  it('CO-13 makes no second account of the same session', async () => {
    await flow.untilCode();
    expect((await flow.complete()).status).toBe(201);
    expectNoSession(await flow.complete());
    expect(await accounts()).toHaveLength(1);
    expect(bench.vault.sent).toHaveLength(1);
    expect(await flow.failures()).toEqual(['replayed']);
  });

  it('CO-14 answers one body for a session that is unknown, too early or expired', async () => {
    expectNoSession(await flow.complete({ auth_session: 'unknown', connect_code: 'x' }));
    await flow.begin();
    expectNoSession(await flow.complete({ connect_code: 'x' }));
    expect(await flow.dbState()).toBe('created');
  });

  it('CN-04 CO-13 refuses another person, and the session is dead', async () => {
    await flow.untilCode();
    const bob = bench.token(bench.person('Bob'), client);
    expectNoSession(await flow.complete({}, bob));
    expect(await flow.failures()).toEqual(['user_mismatch']);
    expectNoSession(await flow.complete());
    await expectErased(flow.sessionId);
    await expectNothing();
  });

  it('CN-05 CO-13 refuses another client of the same person, and the session is dead', async () => {
    await flow.untilCode();
    const other = bench.client();
    connection.clients.add(other.clientId);
    expectNoSession(await flow.complete({}, bench.token(alice, other)));
    expectNoSession(await flow.complete());
    expect(await flow.failures()).toEqual(['user_mismatch']);
    await expectNothing();
  });

  it('CN-44 refuses a person made anew with the same public id', async () => {
    await flow.untilCode();
    const again = { ...bench.person('Alice again'), userId: alice.userId };
    expectNoSession(await flow.complete({}, bench.token(again, client)));
    await expectNothing();
  });

  it.each([
    ['a wrong verifier', { code_verifier: newSecret() }, 'code_verifier'],
    ['no verifier though there was a challenge', { code_verifier: undefined }, 'code_verifier'],
    ['another redirect URI', { redirect_uri: 'https://app.example.com/other' }, 'redirect_uri'],
    ['CN-06 a guessed code', { connect_code: newSecret() }, 'connect_code'],
  ])('CN-14 CO-13 gives one attempt: %s', async (_, change, field) => {
    await flow.untilCode();
    const answer = await flow.complete(change);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ validation_errors: [{ field }] });
    expect(await flow.dbState()).toBe('failed');
    expect(await flow.failures()).toEqual(['redeem_failed']);
    await expectErased(flow.sessionId);
    expectNoSession(await flow.complete());
    await expectNothing();
  });

  it('CN-14 refuses a verifier where there was no challenge', async () => {
    const open = { code_challenge: undefined, code_challenge_method: undefined };
    await flow.untilCode(open);
    expect((await flow.complete()).status).toBe(400);
    const other = await new Flow(bench, client, connection, alice).untilCode(open);
    expect((await other.complete({ code_verifier: undefined })).status).toBe(201);
    expect(bench.vault.sent).toHaveLength(1);
  });

  it.each([
    { auth_session: 'x'.repeat(65) },
    { connect_code: 'x'.repeat(47) },
    { more: 1 },
    { redirect_uri: undefined },
  ])('leaves the session alone when the body is wrong: %j', async (change) => {
    await flow.untilCode();
    expect((await flow.complete(change)).status).toBe(400);
    expect((await flow.complete()).status).toBe(201);
  });

  it('CN-38 wants the DPoP key of connect', async () => {
    const bound = new Flow(
      bench,
      client,
      connection,
      alice,
      undefined,
      undefined,
      bench.token(alice, client, { jkt: 'a' }),
    );
    await bound.untilCode();
    expect((await bound.complete({}, bench.token(alice, client, { jkt: 'b' }))).status).toBe(400);
    await flow.untilCode();
    expect((await flow.complete({}, bench.token(alice, client, { jkt: 'a' }))).status).toBe(400);
    await expectNothing();
    const right = new Flow(
      bench,
      client,
      connection,
      alice,
      undefined,
      undefined,
      bench.token(alice, client, { jkt: 'a' }),
    );
    await right.untilCode();
    expect((await right.complete()).status).toBe(201);
  });

  it('CN-12 answers one 201 of 100 concurrent calls, with one redeem', async () => {
    await flow.untilCode();
    const answers = await Promise.all(Array.from({ length: 100 }, () => flow.complete()));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 99 }, () => 404)]);
    expect(bench.vault.sent).toHaveLength(1);
    expect(await accounts()).toHaveLength(1);
  });

  it('CN-15 refuses a connect_code after its 60 s, and the box is gone', async () => {
    await flow.untilCode();
    const row = await bench.session(flow.sessionId);
    expect(row['code_box']).toEqual(expect.any(String));
    const [{ left }] = await bench.database.query<[{ left: number }]>(
      `SELECT extract(epoch FROM expires_at - clock_timestamp())::float AS left FROM connect_sessions WHERE id = $1`,
      [flow.sessionId],
    );
    expect(left).toBeLessThanOrEqual(60);
    await bench.database.query('UPDATE connect_sessions SET expires_at = clock_timestamp() WHERE id = $1', [
      flow.sessionId,
    ]);
    expectNoSession(await flow.complete());
    expect((await bench.session(flow.sessionId))['code_box']).toBeNull();
    expect(await flow.failures()).toEqual(['expired']);
    await expectNothing();
  });

  it('CN-15 ends at 600 s whatever the state, by the sweep too', async () => {
    await flow.untilCode();
    const other = await new Flow(bench, client, connection, alice).begin();
    const row = await bench.session(flow.sessionId);
    expect((row['ends_at'] as Date).getTime() - (row['created_at'] as Date).getTime()).toBeLessThanOrEqual(600_100);
    await bench.database.query('UPDATE connect_sessions SET expires_at = clock_timestamp() WHERE id = ANY($1)', [
      [flow.sessionId, other.sessionId],
    ]);
    await bench.sweep();
    for (const one of [flow, other]) {
      expect(await one.dbState()).toBe('expired');
      expect(await one.failures()).toEqual(['expired']);
    }
    expect((await bench.session(flow.sessionId))['code_box']).toBeNull();
    expectNoSession(await flow.complete());
    await expectNothing();
  });

  it('CN-15 the connect_code never outlives the session', async () => {
    await (await (await flow.begin()).open()).accept();
    await bench.database.query(
      `UPDATE connect_sessions SET ends_at = clock_timestamp() + interval '20 s', expires_at = clock_timestamp() + interval '20 s'
       WHERE id = $1`,
      [flow.sessionId],
    );
    await flow.comeBack();
    const row = await bench.session(flow.sessionId);
    expect(row['expires_at']).toEqual(row['ends_at']);
  });

  it.each([
    ['connection switched off', () => (connection.vaultActive = false)],
    ['client taken off the connection', () => connection.clients.clear()],
    ['connection gone', () => bench.directory.all.delete(connection.connectionId)],
    ['person blocked', () => (alice.blocked = true)],
    ['person gone', () => bench.people.all.delete(alice.personId)],
  ])('CN-32 refuses when meanwhile: %s', async (_, change) => {
    await flow.untilCode();
    change();
    expectNoSession(await flow.complete());
    expect(await flow.dbState()).toBe('failed');
    await expectErased(flow.sessionId);
    await expectNothing();
  });

  it.each([
    ['redeem_refused', 400, 'Validation Error', 'redeem_failed'],
    ['missing_user_id', 400, 'Validation Error', 'redeem_failed'],
    ['account_conflict', 409, 'Conflict', 'account_conflict'],
    ['provider_unavailable', 502, 'Bad Gateway', 'redeem_failed'],
    ['connection_misconfigured', 502, 'Bad Gateway', 'redeem_failed'],
  ])('CN-25 CN-28 CO-19 ends with what the vault says: %s', async (code, status, title, reason) => {
    await flow.untilCode();
    bench.vault.refusals.push(vaultRefusal(code, status));
    const answer = await flow.complete();
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual({
      type: `https://auth0.com/api-errors/A0E-${status}-000${status === 400 ? 3 : 1}`,
      ...{ title, status, detail: 'the vault refused' },
    });
    expect(await flow.failures()).toEqual([reason]);
    expectNoSession(await flow.complete());
    expect(bench.vault.sent).toHaveLength(1);
    await expectErased(flow.sessionId);
    expect(await accounts()).toEqual([]);
  });

  it('CN-23 keeps ids and time of an account that is connected again', async () => {
    await flow.untilCode();
    const first = (await flow.complete()).json() as { id: string; created_at: string };
    const [before] = await accounts();
    bench.vault.answer = {
      accountId: first.id,
      tokensetId: before!['tokenset_id'] as string,
      scopes: ['mail.read', 'mail.send'],
      reconnected: true,
    };
    await bench.database.query(
      `UPDATE connected_accounts SET status = 'reconnect_required', reason = 'x' WHERE id = $1`,
      [first.id],
    );
    const again = await new Flow(bench, client, connection, alice).untilCode({ connected_account_id: first.id });
    expect((await again.complete()).json()).toMatchObject({
      id: first.id,
      created_at: first.created_at,
      scopes: ['mail.read', 'mail.send'],
    });
    expect(bench.vault.sent.at(-1)!.pinnedAccountId).toBe(first.id);
    expect(await accounts()).toMatchObject([{ id: first.id, status: 'connected', reason: null }]);
    expect((await bench.eventsOf(first.id)).map(({ sequence, data }) => [sequence, data['reconnected']])).toEqual([
      [1, false],
      [2, true],
    ]);
  });

  it('CN-39 keeps hashes and ids of an ended session for a day and then nothing', async () => {
    await flow.untilCode();
    await flow.complete();
    await bench.sweep();
    expect(await flow.dbState()).toBe('completed');
    await bench.database.query(`UPDATE connect_sessions SET ended_at = ended_at - interval '24 hours' WHERE id = $1`, [
      flow.sessionId,
    ]);
    await bench.sweep();
    expect(await bench.session(flow.sessionId)).toBeUndefined();
  });
});
