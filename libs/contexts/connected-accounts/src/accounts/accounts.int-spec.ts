import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { Flow } from '../../test/browser.js';
import { accountRow, ACCOUNTS, connectedAccount } from '../../test/completing.js';
import type { HttpAnswer } from '../../test/connect-bench.js';
import { suiteBench } from '../../test/suite-bench.js';
import { newId } from '../connect/secrets.js';

describe('connected accounts', () => {
  const bench = suiteBench();
  let alice: PersonView;
  let bob: PersonView;
  let client: ClientView;
  let connection: ConnectionView;
  let token: string;

  beforeEach(() => {
    alice = bench.person('Alice');
    bob = bench.person('Bob');
    client = bench.client();
    connection = bench.connection(client);
    token = bench.token(alice, client);
  });

  const connected = (person = alice, on = connection) => connectedAccount(bench, { client, connection: on, person });
  const idsOf = (answer: HttpAnswer): string[] => (answer.json()['accounts'] as { id: string }[]).map(({ id }) => id);
  const list = (query = '', who = token) => bench.call('GET', `${ACCOUNTS}${query}`, who);
  const row = (id: string) => accountRow(bench, id);
  const management = () => bench.token(null, client, { api: 'management' });

  it.each(['from', 'next'])('AC-01 walks 25 accounts, oldest first, with %s', async (name) => {
    const made = Array.from({ length: 25 }, () => newId('cac_'));
    for (const id of made)
      await bench.database.query(
        `INSERT INTO connected_accounts (id, status, person_id, connection_id, connection_name, tokenset_id, has_refresh_token)
         VALUES ($1, 'connected', $2, $3, $4, 'ts_x', true)`,
        [id, alice.personId, connection.connectionId, connection.name],
      );
    const seen: string[] = [];
    let query = '?take=10';
    for (let pages = 0; pages < 5 && query; pages++) {
      const answer = await list(query);
      expect(answer.status).toBe(200);
      seen.push(...idsOf(answer));
      const { next } = answer.json() as { next?: string };
      query = next ? `?take=10&${name}=${next}` : '';
    }
    expect(seen).toEqual(made);
    const first = await list();
    expect(idsOf(first)).toHaveLength(10);
    expect(Object.keys((first.json()['accounts'] as object[])[0]!)).toEqual([
      'id',
      'connection',
      'access_type',
      'scopes',
      'created_at',
    ]);
  });

  it('AC-01 leaves next away on a last page that is exactly full', async () => {
    for (let n = 0; n < 2; n++) await connected();
    expect(Object.keys((await list('?take=2')).json())).toEqual(['accounts']);
  });

  it('AC-02 filters by connection, once or repeated, and bounds take', async () => {
    const other = bench.connection(client);
    const third = bench.connection(client);
    const [a, b, c] = [await connected(), await connected(alice, other), await connected(alice, third)];
    expect(idsOf(await list(`?connection=${connection.name}`))).toEqual([a]);
    expect(idsOf(await list(`?connection=${connection.name}&connection=${third.name}`))).toEqual([a, c]);
    expect(idsOf(await list('?connection=nothing'))).toEqual([]);
    expect(idsOf(await list('?take=20'))).toEqual([a, b, c]);
    for (const query of ['?take=21', '?take=0', '?take=x', `?${'connection=a&'.repeat(21)}`])
      expect((await list(query)).status).toBe(400);
  });

  it('AC-02 takes a cursor only for the person and the filter it was made for', async () => {
    for (let n = 0; n < 3; n++) await connected();
    const { next } = (await list('?take=1')).json() as { next: string };
    expect((await list(`?take=1&from=${next}`)).status).toBe(200);
    expect((await list(`?take=1&from=${next}&next=${next}`)).status).toBe(200);
    const wrong = [
      await list(`?from=${next}&connection=${connection.name}`),
      await list(`?from=${next}`, bench.token(bob, client)),
      await list(`?from=${next}&next=other`),
      await list('?from=nonsense'),
      await bench.call('GET', `/me/v1/connected-accounts/connections?from=${next}`, token),
    ];
    for (const answer of wrong) {
      expect(answer.status).toBe(400);
      expect(answer.json()['type']).toMatch(/A0E-400-0003$/);
    }
  });

  it('shows nobody else’s accounts', async () => {
    await connected(bob);
    expect(idsOf(await list())).toEqual([]);
  });

  it('AC-03 deletes tokens first, then the account, and says so', async () => {
    const id = await connected();
    const answer = await bench.call('DELETE', `${ACCOUNTS}/${id}`, token);
    expect([answer.status, answer.body]).toEqual([204, '']);
    expect(bench.vault.deleted).toContain(id);
    // A vault of the version before knows no client in an actor, and would refuse it.
    const by = { actor: { kind: 'user', id: alice.personId }, clientId: client.clientId };
    expect(bench.vault.deletedBy.at(-1)).toEqual(by);
    expect(idsOf(await list())).toEqual([]);
    const [, said] = await bench.eventsOf(id);
    expect(said).toMatchObject({
      type: 'account.disconnected',
      sequence: 2,
      data: { reason: 'requested', status: 'disconnected', actor: { ...by.actor, clientId: by.clientId } },
    });
    expect((await bench.call('DELETE', `${ACCOUNTS}/${id}`, token)).status).toBe(404);
    expect(await bench.eventsOf(id)).toHaveLength(2);
  });

  it('AC-03 keeps the account as long as the vault could not delete', async () => {
    const id = await connected();
    bench.vault.failDelete = new Error('down');
    expect((await bench.call('DELETE', `${ACCOUNTS}/${id}`, token)).status).toBe(500);
    expect(idsOf(await list())).toEqual([id]);
    bench.vault.failDelete = undefined;
    expect((await bench.call('DELETE', `${ACCOUNTS}/${id}`, token)).status).toBe(204);
  });

  it('AC-04 answers the same bytes for a foreign and an absent id, and removes nothing', async () => {
    const bobs = await connected(bob);
    const foreign = await bench.call('DELETE', `${ACCOUNTS}/${bobs}`, token);
    const absent = await bench.call('DELETE', `${ACCOUNTS}/cac_nothing`, token);
    expect([foreign.status, absent.status]).toEqual([404, 404]);
    expect(foreign.body).toBe(absent.body);
    expect(idsOf(await list('', bench.token(bob, client)))).toEqual([bobs]);
    expect(bench.vault.owners.has(bobs)).toBe(true);
    for (const id of ['cac_', 'con_x', 'cac_a-b', 'cac_%00'])
      expect((await bench.call('DELETE', `${ACCOUNTS}/${id}`, token)).status).toBe(400);
  });

  it('AC-05 does not mind a JSON content type without a body', async () => {
    const id = await connected();
    const headers = { authorization: token, 'content-type': 'application/json' };
    expect((await bench.send('GET', ACCOUNTS, { headers })).status).toBe(200);
    expect((await bench.send('DELETE', `${ACCOUNTS}/${id}`, { headers })).status).toBe(204);
    expect((await bench.send('DELETE', `${ACCOUNTS}/${id}`, { headers, body: '' })).status).toBe(404);
  });

  it('AC-06 lists the connections that this client can use', async () => {
    bench.connection(client, { vaultActive: false });
    bench.connection(bench.client());
    const second = bench.connection(client, { options: {} });
    const answer = await bench.call('GET', '/me/v1/connected-accounts/connections', token);
    const all = [
      { name: connection.name, strategy: 'oauth2', scopes: ['mail.read'] },
      { name: second.name, strategy: 'oauth2' },
    ].sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(answer.json()).toEqual({ connections: all });
    const path = '/me/v1/connected-accounts/connections?take=1';
    const one = (await bench.call('GET', path, token)).json() as { connections: unknown[]; next: string };
    expect(one.connections).toEqual(all.slice(0, 1));
    const rest = await bench.call('GET', `${path}&from=${one.next}`, token);
    expect(rest.json()).toEqual({ connections: all.slice(1) });
  });

  it('CN-41 keeps ids and times of a disconnected account for 30 days, matched by nothing', async () => {
    const id = await connected();
    await bench.call('DELETE', `${ACCOUNTS}/${id}`, token);
    const { created_at, disconnected_at, position, ...left } = (await row(id))!;
    expect([created_at, disconnected_at]).toEqual([expect.any(Date), expect.any(Date)]);
    expect(position).toBeDefined();
    expect(left).toEqual({
      id,
      status: 'disconnected',
      reason: null,
      expires_at: null,
      label_settled: true,
      label: null,
      params: {},
      person_id: alice.personId,
      user_id: alice.userId,
      connection_id: connection.connectionId,
      connection_name: null,
      strategy: null,
      tokenset_id: expect.stringMatching(/^ts_/) as string,
      scopes: [],
      missing_scopes: [],
      has_refresh_token: false,
      tokenset_sequence: '0',
      event_version: 2,
    });
    const pinned = { connection: connection.name, redirect_uri: client.callbacks[0], connected_account_id: id };
    expect((await bench.call('POST', '/me/v1/connected-accounts/connect', token, pinned)).status).toBe(404);
    expect(await connected()).not.toBe(id);
    await bench.sweep();
    expect(await row(id)).toBeDefined();
    await bench.database.query(
      `UPDATE connected_accounts SET disconnected_at = now() - interval '30 days' WHERE id = $1`,
      [id],
    );
    await bench.sweep();
    expect(await row(id)).toBeUndefined();
  });

  it('ends a connect session that was to renew the account', async () => {
    const id = await connected();
    const renewal = await new Flow(bench, client, connection, alice).begin({ connected_account_id: id });
    await bench.call('DELETE', `${ACCOUNTS}/${id}`, token);
    expect(await renewal.dbState()).toBe('failed');
    expect(await renewal.failures()).toEqual(['account_conflict']);
  });

  it('MG-03 CO-12 says when an account ends for which there is no refresh token, until it is connected with one', async () => {
    const endsAt = '2030-01-02T03:04:05.000Z';
    bench.vault.answer = { hasRefreshToken: false, endsAt };
    const flow = await new Flow(bench, client, connection, alice).untilCode();
    const done = (await flow.complete()).json();
    expect(done).toMatchObject({ expires_at: endsAt, warnings: ['no_refresh_token'] });
    const path = `/api/v2/users/${encodeURIComponent(alice.userId)}/connected-accounts`;
    const shown = async () => [
      ...((await list()).json()['accounts'] as object[]),
      ...((await bench.call('GET', path, management())).json()['connected_accounts'] as object[]),
    ];
    for (const one of await shown()) expect(one).toMatchObject({ id: done['id'], expires_at: endsAt });
    bench.vault.answer = { accountId: String(done['id']), reconnected: true, endsAt: null };
    await (await new Flow(bench, client, connection, alice).untilCode()).complete();
    for (const one of await shown()) expect(one).not.toHaveProperty('expires_at');
    // As a process of before leaves it, which knows nothing of ends.
    await bench.database.query('UPDATE connected_accounts SET expires_at = $2 WHERE id = $1', [done['id'], endsAt]);
    for (const one of await shown()) expect(one).not.toHaveProperty('expires_at');
  });

  it('MG-03 shows a person’s accounts to administrators, and clamps take', async () => {
    const ids = [await connected(), await connected()];
    const path = `/api/v2/users/${encodeURIComponent(alice.userId)}/connected-accounts`;
    const answer = await bench.call('GET', `${path}?take=5000000`, management());
    const { strategy, connectionId: connection_id, name } = connection;
    expect(answer.json()).toEqual({
      connected_accounts: ids.map((id) => ({
        id,
        connection: name,
        connection_id,
        strategy,
        access_type: 'offline',
        scopes: ['mail.read'],
        created_at: expect.any(String) as string,
      })),
    });
    const one = (await bench.call('GET', `${path}?take=1`, management())).json() as { next: string };
    const rest = await bench.call('GET', `${path}?take=1&from=${one.next}`, management());
    expect(rest.json()).toMatchObject({ connected_accounts: [{ id: ids[1] }] });
    expect((await bench.call('GET', `${path}?take=0`, management())).status).toBe(400);
    const unknown = await bench.call('GET', '/api/v2/users/auth0%7Cnobody/connected-accounts', management());
    expect([unknown.status, unknown.json()['errorCode']]).toEqual([404, 'inexistent_user']);
    expect((await bench.call('GET', path, token)).status).toBe(401);
    const weak = bench.token(null, client, { api: 'management', scopes: ['update:users'] });
    expect((await bench.call('GET', path, weak)).status).toBe(403);
  });

  it('P4 says to a person what became of the tokens of their disconnected accounts, and to nobody else', async () => {
    const { connectionId, name } = connection;
    const ended = { tokensetId: 'ts_1', accountId: 'cac_1', connectionId, connectionName: name, attempts: 0 };
    const times = {
      deletedAt: '2026-01-02T03:04:05.000Z',
      finishedAt: '2026-01-02T03:04:06.000Z',
      nextAttemptAt: null,
    };
    bench.vault.told.set(alice.personId, [
      { ...ended, ...times, outcome: 'unsupported', effect: null, code: null, manageUrl: 'https://tool.example/apps' },
      { ...ended, ...times, outcome: 'pending', finishedAt: null, effect: null, code: 'x', manageUrl: null },
    ]);
    const path = '/me/v1/connected-accounts/revocations';
    const shown = { id: 'cac_1', connection: name, disconnected_at: times.deletedAt };
    expect((await bench.call('GET', path, token)).json()).toEqual({
      revocations: [
        { ...shown, outcome: 'unsupported', finished_at: times.finishedAt, manage_url: 'https://tool.example/apps' },
        { ...shown, outcome: 'pending' },
      ],
    });
    expect((await bench.call('GET', path, bench.token(bob, client))).json()).toEqual({ revocations: [] });
    const weak = bench.token(alice, client, { scopes: ['delete:me:connected_accounts'] });
    expect((await bench.call('GET', path, weak)).status).toBe(403);
  });

  it('AD-07 lets an administrator disconnect, this person’s account only', async () => {
    const [id, bobs] = [await connected(), await connected(bob)];
    const path = `/api/v2/users/${encodeURIComponent(alice.userId)}/connected-accounts`;
    const weak = bench.token(null, client, { api: 'management', scopes: ['read:users'] });
    expect((await bench.call('DELETE', `${path}/${id}`, weak)).status).toBe(403);
    const foreign = await bench.call('DELETE', `${path}/${bobs}`, management());
    expect([foreign.status, foreign.json()['errorCode']]).toEqual([404, 'inexistent_connected_account']);
    expect((await bench.call('DELETE', `${path}/nonsense`, management())).status).toBe(400);
    expect((await bench.call('DELETE', `${path}/${id}`, management())).status).toBe(204);
    expect((await bench.eventsOf(id)).at(-1)!.data).toMatchObject({ actor: { kind: 'client', id: client.clientId } });
    expect(idsOf(await list('', bench.token(bob, client)))).toEqual([bobs]);
  });
});
