import type { ClientView, ConnectionView, PersonView, TokensetView } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { Flow } from '../../test/browser.js';
import { accountRow, ACCOUNTS, connectedAccount } from '../../test/completing.js';
import { suiteBench } from '../../test/suite-bench.js';

describe('a person’s own wishes', () => {
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

  const connected = (person = alice) => connectedAccount(bench, { client, connection, person });
  const list = (query = '') => bench.call('GET', `${ACCOUNTS}${query}`, token);
  const row = (id: string) => accountRow(bench, id);
  const rename = (id: string, body: unknown, who = token) => bench.call('PATCH', `${ACCOUNTS}/${id}`, who, body);
  const pauses = (id: string, of = client.clientId) => `${ACCOUNTS}/${id}/pauses/${encodeURIComponent(of)}`;
  const kept = (accountId: string, change: Partial<TokensetView>): TokensetView => ({
    ...{ tokensetId: 'ts_x', accountId, connectionId: connection.connectionId, scopes: [], status: 'active' },
    ...{ reason: null, hasRefreshToken: true, createdAt: '2026-01-02T03:04:05.000Z', expiresAt: null },
    ...{ lastUsedAt: null, label: null, pausedClients: [], ...change },
  });

  it('AD-09 shows with details=true what the vault knows, and otherwise what it always showed', async () => {
    bench.vault.answer = { label: 'alice@example.com' };
    const [first, second, third] = [await connected(), await connected(), await connected()];
    bench.vault.kept.set(alice.personId, [
      kept(first, { label: 'Work', lastUsedAt: '2026-02-03T00:00:00.000Z', pausedClients: ['other'] }),
      kept(second, { status: 'reconnect_required', reason: 'revoked_or_expired' }),
    ]);
    const plain = (await list()).json()['accounts'] as object[];
    expect(plain).toEqual((await list('?details=false')).json()['accounts']);
    expect(plain[0]).not.toHaveProperty('status');
    const page = (await list('?details=true&take=2')).json() as { accounts: object[]; next: string };
    expect(page.accounts).toEqual([
      {
        ...plain[0],
        ...{ status: 'connected', reason: null, label: 'Work' },
        ...{ last_used_at: '2026-02-03T00:00:00.000Z', paused_clients: ['other'] },
      },
      {
        ...plain[1],
        ...{ status: 'reconnect_required', reason: 'revoked_or_expired', label: null },
        ...{ last_used_at: null, paused_clients: [] },
      },
    ]);
    // Its tokens are gone; the event that says so is on its way.
    expect((await list(`?details=true&from=${page.next}`)).json()).toMatchObject({
      accounts: [{ id: third, status: 'connected', label: 'alice@example.com', paused_clients: [] }],
    });
    for (const query of ['?details=yes', '?details=', '?details=true&details=true'])
      expect((await list(query)).status).toBe(400);
  });

  it('AD-09 sets a label in the vault first, then shows it, and takes it back', async () => {
    const id = await connected();
    const set = await rename(id, { label: 'Arbeit 🗄' });
    expect([set.status, set.json()]).toEqual([
      200,
      expect.objectContaining({ id, label: 'Arbeit 🗄', connection: connection.name }),
    ]);
    expect(bench.vault.labels.get(id)).toBe('Arbeit 🗄');
    expect((await list()).json()['accounts']).toEqual([set.json()]);
    expect((await rename(id, { label: null })).json()).not.toHaveProperty('label');
    // Died between vault and row: the same call again makes it good.
    await rename(id, { label: 'again' });
    await bench.database.query('UPDATE connected_accounts SET label = NULL WHERE id = $1', [id]);
    expect((await rename(id, { label: 'again' })).json()['label']).toBe('again');
    expect(await bench.eventsOf(id)).toHaveLength(1);
  });

  it('AD-09 shows of two labels at once the one that the vault kept', async () => {
    const id = await connected();
    bench.vault.kept.set(alice.personId, [kept(id, {})]);
    bench.vault.meanwhile = async () => {
      bench.vault.meanwhile = () => Promise.resolve();
      await rename(id, { label: 'second' });
    };
    expect((await rename(id, { label: 'first' })).json()['label']).toBe('second');
    expect((await list()).json()['accounts']).toMatchObject([{ id, label: 'second' }]);
  });

  it('AD-09 refuses a label that another account has, is too long or none at all, and changes nothing', async () => {
    const id = await connected();
    await rename(id, { label: 'mine' });
    bench.vault.refusals.push(new VaultError('taken', { code: 'label_taken', status: 409 }));
    const taken = await rename(id, { label: 'yours' });
    expect(taken.json()).toMatchObject({
      type: 'https://auth0.com/api-errors/A0E-409-0001',
      title: 'Conflict',
      status: 409,
    });
    const bad = ['', ' ', 'x'.repeat(81), 'a\nb', 7].map((label) => ({ label }));
    for (const body of [...bad, {}, { label: 'a', more: 1 }, []]) {
      const answer = await rename(id, body);
      expect(answer.json()).toMatchObject({ status: 400, title: 'Validation Error' });
    }
    expect((await rename(id, { label: '🗄'.repeat(80) })).status).toBe(200);
    expect((await bench.send('PATCH', `${ACCOUNTS}/${id}`, { headers: { authorization: token } })).status).toBe(415);
  });

  it('AD-09 AD-10 answers the same bytes for an account of somebody else and for none', async () => {
    const bobs = await connected(bob);
    const calls = (id: string) =>
      Promise.all([
        rename(id, { label: 'x' }),
        bench.call('PUT', pauses(id), token),
        bench.call('DELETE', pauses(id), token),
      ]);
    const [foreign, absent] = [await calls(bobs), await calls('cac_nothing')];
    expect(foreign.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(new Set([...foreign, ...absent].map(({ body }) => body)).size).toBe(1);
    expect(absent[0].json()).toMatchObject({ type: 'https://auth0.com/api-errors/A0E-404-0001' });
    for (const answer of await calls('cac_a-b')) expect(answer.status).toBe(400);
    expect([bench.vault.labels.has(bobs), bench.vault.pauses.has(bobs)]).toEqual([false, false]);
  });

  it('AD-10 pauses and resumes a client, known or not, as often as it is said', async () => {
    const id = await connected();
    for (const one of [client.clientId, 'nobody|knows/it'])
      for (let n = 0; n < 2; n++) {
        const answer = await bench.call('PUT', pauses(id, one), token);
        expect([answer.status, answer.body]).toEqual([204, '']);
      }
    expect([...bench.vault.pauses.get(id)!]).toEqual([client.clientId, 'nobody|knows/it']);
    for (let n = 0; n < 2; n++) expect((await bench.call('DELETE', pauses(id), token)).status).toBe(204);
    expect([...bench.vault.pauses.get(id)!]).toEqual(['nobody|knows/it']);
    for (const bad of ['%00', '%20', 'ü', 'x'.repeat(256)])
      expect((await bench.call('PUT', `${ACCOUNTS}/${id}/pauses/${bad}`, token)).status).toBe(400);
  });

  it('AD-09 AD-10 needs a scope of its own', async () => {
    const id = await connected();
    const scopes = ['create', 'read', 'delete'].map((action) => `${action}:me:connected_accounts`);
    const weak = bench.token(alice, client, { scopes });
    for (const answer of [
      await rename(id, { label: 'x' }, weak),
      await bench.call('PUT', pauses(id), weak),
      await bench.call('DELETE', pauses(id), weak),
    ])
      expect(answer.json()).toMatchObject({ type: 'https://auth0.com/api-errors/A0E-403-0002', status: 403 });
  });

  it('AD-09 looks up what an account is called where it was stored before, or was renamed while it was connected again', async () => {
    const [old, renewed] = [await connected(), await connected()];
    bench.vault.kept.set(alice.personId, [kept(old, { label: 'alice@example.com' }), kept(renewed, {})]);
    await bench.database.query('UPDATE connected_accounts SET label_settled = false WHERE id = $1', [old]);
    bench.vault.answer = { accountId: renewed, reconnected: true, label: 'what the vault said first' };
    const again = await new Flow(bench, client, connection, alice).untilCode();
    bench.vault.meanwhile = async () => {
      bench.vault.meanwhile = () => Promise.resolve();
      await rename(renewed, { label: 'Work' });
    };
    expect((await again.complete()).json()).toMatchObject({ label: 'what the vault said first' });
    await bench.sweep();
    expect((await list()).json()['accounts']).toMatchObject([
      { id: old, label: 'alice@example.com' },
      { id: renewed, label: 'Work' },
    ]);
    for (const id of [old, renewed]) expect(await row(id)).toMatchObject({ label_settled: true });
  });

  it('AD-09 keeps the label through a reconnect, and empties it with the account', async () => {
    const id = await connected();
    bench.vault.answer = { accountId: id, reconnected: true, label: 'Work' };
    const again = await new Flow(bench, client, connection, alice).untilCode({ connected_account_id: id });
    expect((await again.complete()).json()).toMatchObject({ id, label: 'Work' });
    await bench.call('DELETE', `${ACCOUNTS}/${id}`, token);
    expect(await row(id)).toMatchObject({ label: null });
    expect((await rename(id, { label: 'late' })).status).toBe(404);
    expect(await row(id)).toMatchObject({ label: null });
  });
});
