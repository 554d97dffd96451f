import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { VaultError } from '@strongroom/errors';
import { Flow } from '../../test/browser.js';
import { APP } from '../../test/connect-bench.js';
import { REQUEST_URI } from '../../test/counting-vault.js';
import { madeUpProviders } from '../../test/made-up-providers.js';
import { suiteBench } from '../../test/suite-bench.js';
import { newId } from './secrets.js';

describe('what the provider is asked', () => {
  const bench = suiteBench({ catalogue: madeUpProviders() });
  let alice: PersonView;
  let client: ClientView;
  let library: ConnectionView & { clients: Set<string> };

  beforeEach(() => {
    alice = bench.person('Alice');
    client = bench.client();
    library = bench.connection(client, {
      strategy: 'city-library',
      options: { client_id: 'our-id', scope: 'loans.read' },
    });
  });

  const asked = async (more: Record<string, unknown> = {}, connection = library): Promise<URLSearchParams> => {
    const flow = await new Flow(bench, client, connection, alice).begin(more);
    await (await flow.open()).accept();
    return flow.atProvider.searchParams;
  };
  /** Connects once more and says what the account is called. */
  const connected = async (more: Record<string, unknown> = {}): Promise<string> => {
    const flow = await new Flow(bench, client, library, alice).begin(more);
    await (await flow.open()).accept();
    flow.callbackUrl += '&iss=https%3A%2F%2Flibrary.example.net';
    await flow.comeBack();
    const answer = await flow.complete();
    if (answer.status !== 201) throw new Error(answer.body);
    return (answer.json() as { id: string }).id;
  };

  it('asks for a refresh token in the entry’s way, and forces consent where there is none yet', async () => {
    const query = await asked();
    expect(query.get('scope')).toBe('openid loans.read keep');
    expect([query.get('access'), query.get('approval')]).toEqual(['offline', 'force']);
  });

  it('does not force consent by habit, only where an account has no refresh token that works or is renewed', async () => {
    const id = await connected();
    expect((await asked()).has('approval')).toBe(false);
    expect((await asked({ scopes: ['loans.write'] })).has('approval')).toBe(false);
    expect((await asked({ connected_account_id: id })).get('approval')).toBe('force');
    await bench.database.query(`UPDATE connected_accounts SET has_refresh_token = false WHERE id = $1`, [id]);
    expect((await asked()).get('approval')).toBe('force');
    await bench.database.query(
      `UPDATE connected_accounts SET has_refresh_token = true, status = 'reconnect_required' WHERE id = $1`,
      [id],
    );
    expect((await asked()).get('approval')).toBe('force');
    bench.vault.answer = { accountId: newId('cac_') };
    await connected();
    // One works and one is dead: which of them this renews is not known before the person has chosen.
    expect((await asked()).get('approval')).toBe('force');
    await bench.database.query(
      `UPDATE connected_accounts SET status = 'connected', has_refresh_token = id <> $1 WHERE person_id = $2`,
      [id, alice.personId],
    );
    expect((await asked()).get('approval')).toBe('force');
    const stranger = bench.person('Bob');
    const flow = await new Flow(bench, client, library, stranger).begin();
    await (await flow.open()).accept();
    expect(flow.atProvider.searchParams.get('approval')).toBe('force');
  });

  it('asks for no refresh token where the connection wants none', async () => {
    library.options = { ...library.options, offline_access: false };
    const query = await asked();
    expect(query.get('scope')).toBe('openid loans.read');
    expect([query.has('access'), query.has('approval')]).toEqual([false, false]);
  });

  it('CN-26 replaces configured scopes, and adds what this account granted before', async () => {
    expect((await asked({ scopes: ['rooms.book'] })).get('scope')).toBe('openid rooms.book keep');
    bench.vault.answer = { scopes: ['openid', 'loans.read'] };
    await connected();
    expect((await asked({ scopes: ['rooms.book'] })).get('scope')).toBe('openid loans.read rooms.book keep');
  });

  it('CN-26 calls new on the consent page what no spelling of the grant says, and not what goes along every time', async () => {
    bench.vault.answer = { scopes: ['https://library.example.net/Loans', 'rooms.see'] };
    await connected();
    const flow = await new Flow(bench, client, library, alice).begin({
      scopes: ['loans.read', 'Rooms.See', 'rooms.book'],
    });
    const listed = (await flow.open()).page.body.replace(/\s+/g, ' ').match(/<li>.*?<\/li>/g)!;
    expect(listed.filter((line) => line.includes('(new)'))).toEqual([expect.stringContaining('rooms.book')]);
    expect(listed.join()).toContain('<code>loans.read</code>');
    await bench.database.query(`UPDATE connected_accounts SET scopes = '[]' WHERE person_id = $1`, [alice.personId]);
    const unknown = (await (await new Flow(bench, client, library, alice).begin()).open()).page.body;
    expect(unknown.match(/\(new\)/g)).toHaveLength(3);
  });

  it('counts as missing only what was wanted this time', async () => {
    bench.vault.answer = { scopes: ['loans.read'] };
    await connected();
    bench.vault.answer = { scopes: ['rooms.book'], missingScopes: ['loans.read', 'Rooms.See'] };
    const id = await connected({ scopes: ['rooms.book', 'rooms.see'] });
    const list = await bench.call('GET', '/me/v1/connected-accounts/accounts', bench.token(alice, client));
    const accounts = (list.json() as { accounts: { id: string; missing_scopes?: string[] }[] }).accounts;
    expect(accounts.find((account) => account.id === id)!.missing_scopes).toEqual(['Rooms.See']);
    expect((await bench.eventsOf(id)).at(-1)!.data['missingScopes']).toEqual(['Rooms.See']);
  });

  it('counts what the connection wanted where the app said nothing', async () => {
    bench.vault.answer = { scopes: ['pages.read'] };
    await connected({ scopes: ['pages.read'] });
    bench.vault.answer = { scopes: [], missingScopes: ['pages.read', 'loans.read'] };
    const id = await connected();
    const list = await bench.call('GET', '/me/v1/connected-accounts/accounts', bench.token(alice, client));
    expect((list.json() as { accounts: object[] }).accounts).toContainEqual(
      expect.objectContaining({ id, missing_scopes: ['loans.read'] }),
    );
  });

  it('does not ask again for a scope whose name nobody may ask for', async () => {
    bench.vault.answer = { scopes: ['loans.read', 'say "hello"', 'x'.repeat(200)] };
    await connected();
    expect((await asked({ scopes: ['pages.read'] })).get('scope')).toBe('openid loans.read pages.read keep');
  });

  it('C10 holds configured and earlier scopes to the ceiling too; base and offline scopes pass', async () => {
    bench.vault.answer = { scopes: ['openid', 'loans.read', 'loans.all'] };
    await connected();
    library.options = { ...library.options, allowed_scopes: ['loans.read'] };
    expect((await asked({ scopes: ['openid', 'loans.read', 'keep'] })).get('scope')).toBe('openid loans.read keep');
    library.options = { ...library.options, scope: 'loans.read loans.all' };
    const beyond = await bench.call('POST', '/me/v1/connected-accounts/connect', bench.token(alice, client), {
      connection: library.name,
      redirect_uri: APP,
    });
    expect(beyond.status).toBe(400);
    expect(beyond.json()['validation_errors']).toEqual([expect.objectContaining({ field: 'scopes' })]);
  });

  it('refuses scopes of two resources where the provider has no token for two', async () => {
    const single = { authorization: { singleResource: true } };
    library.options = { client_id: 'our-id', provider_settings: single };
    const begin = (scopes: string[]) =>
      bench.call('POST', '/me/v1/connected-accounts/connect', bench.token(alice, client), {
        connection: library.name,
        redirect_uri: APP,
        scopes,
      });
    const [mail, files] = ['https://mail.example.net/read', 'https://files.example.net/read'] as const;
    const mixed = await begin([mail, files]);
    expect(mixed.status).toBe(400);
    expect(mixed.json()['validation_errors']).toEqual([
      expect.objectContaining({ field: 'scopes', detail: expect.stringMatching(/one resource/) as string }),
    ]);
    await connected({ scopes: [mail] });
    expect((await begin([files])).status).toBe(400);
    expect((await begin(['https://mail.example.net/send'])).status).toBe(201);
  });

  it('lists the scopes of a connection whose addresses only a person can complete', async () => {
    const stall = bench.connection(client, {
      strategy: 'market-stall',
      options: { client_id: 'our-id', scope: 'orders.read,orders.write' },
    });
    const list = await bench.call('GET', '/me/v1/connected-accounts/connections', bench.token(alice, client));
    expect((list.json() as { connections: object[] }).connections).toContainEqual({
      name: stall.name,
      strategy: 'market-stall',
      scopes: ['orders.read', 'orders.write'],
    });
  });

  it('sends a nonce and a verifier where the entry says so, and hands the vault the same', async () => {
    const without = await asked();
    expect([without.has('nonce'), without.get('code_challenge_method')]).toEqual([false, 'S256']);
    const noPkce = bench.connection(client, {
      strategy: 'city-library',
      options: { client_id: 'our-id', provider_settings: { pkce: 'unsupported', authorization: { nonce: true } } },
    });
    const flow = await new Flow(bench, client, noPkce, alice).begin();
    await (await flow.open()).accept();
    const query = flow.atProvider.searchParams;
    expect([query.get('nonce')?.length, query.has('code_challenge')]).toEqual([43, false]);
    flow.callbackUrl += '&iss=https%3A%2F%2Flibrary.example.net';
    await flow.comeBack();
    await flow.complete();
    expect(bench.vault.sent.map(({ nonce, verifierBox }) => [nonce, verifierBox])).toEqual([
      [query.get('nonce'), null],
    ]);
  });

  it('passes on what the entry lets pass and nothing else', async () => {
    const query = await asked({ authorization_params: { prompt: 'login', login_hint: 'alice@example.com' } });
    expect([query.get('prompt'), query.has('login_hint')]).toEqual(['login', false]);
  });

  describe('where requests must be pushed', () => {
    beforeEach(() => {
      library.metadata = {
        issuer: 'https://library.example.net',
        require_pushed_authorization_requests: true,
        pushed_authorization_request_endpoint: 'https://library.example.net/par',
      };
    });

    it('lodges it when the person agrees, and the browser learns nothing but its name', async () => {
      const flow = await (await new Flow(bench, client, library, alice).begin()).open();
      expect(bench.vault.pushed).toEqual([]);
      const answer = await flow.browser.press(flow.page, 'accept');
      const location = new URL(answer.location);
      expect(location.origin + location.pathname).toBe('https://library.example.net/authorize');
      expect([...location.searchParams]).toEqual([
        ['client_id', 'our-id'],
        ['request_uri', REQUEST_URI],
      ]);
      const { members, ...pushed } = bench.vault.pushed[0]!;
      expect(pushed).toEqual({ connectionId: library.connectionId, params: {} });
      const sent = Object.fromEntries(members);
      expect(sent).toMatchObject({ response_type: 'code', scope: 'openid loans.read keep', access: 'offline' });
      const path = `/connect/callback/${library.name}?code=${flow.code}&state=${sent['state']}`;
      const back = await flow.browser.get(`${path}&iss=https%3A%2F%2Flibrary.example.net`);
      flow.connectCode = new URL(back.location).searchParams.get('connect_code')!;
      expect((await flow.complete()).status).toBe(201);
    });

    it.each([
      ['push_refused', 400],
      ['provider_unavailable', 502],
      ['server_error', 502],
    ])('says on a page that the provider did not take it: %s', async (code, status) => {
      const flow = await (await new Flow(bench, client, library, alice).begin()).open();
      bench.vault.refusals.push(new VaultError('cnry_said by the provider', { code, status }));
      const answer = await flow.browser.press(flow.page, 'accept');
      expect([answer.status, answer.location]).toEqual([502, '']);
      expect(answer.body).toMatch(/does not take this request[^]*Nothing was connected/);
      expect(answer.body + bench.said.join('')).not.toContain('cnry_said');
      expect(await flow.dbState()).toBe('failed');
      const failed = (await bench.eventsOf(flow.sessionId)).map(({ data }) => [data['reason'], data['code']]);
      expect(failed).toEqual([['provider_error', code]]);
      expect(await bench.session(flow.sessionId)).toMatchObject({ state_hash: null, verifier_box: null, nonce: null });
      expect((await flow.complete({ connect_code: 'x' })).status).toBe(404);
    });

    it('leaves the page where it is when the vault itself cannot be asked', async () => {
      const flow = await (await new Flow(bench, client, library, alice).begin()).open();
      bench.vault.refusals.push(new VaultError('away', { code: 'temporarily_unavailable', status: 503 }));
      expect((await flow.browser.press(flow.page, 'accept')).status).toBe(503);
      expect(await flow.dbState()).toBe('opened');
      expect((await flow.browser.press(flow.page, 'accept')).status).toBe(303);
    });

    it('leaves it there too while the database takes nothing, and says that it may be loaded again', async () => {
      const flow = await (await new Flow(bench, client, library, alice).begin()).open();
      await bench.database.query(`
        CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'cnry_away' USING ERRCODE = '57P03'; END $$;
        CREATE TRIGGER away BEFORE UPDATE ON connect_sessions FOR EACH ROW EXECUTE FUNCTION away()`);
      const answer = await flow.browser.press(flow.page, 'accept');
      await bench.database.query('DROP TRIGGER away ON connect_sessions; DROP FUNCTION away');
      expect([answer.status, answer.location, answer.headers['retry-after']]).toEqual([503, '', '2']);
      expect(answer.body).toMatch(/load this page again[^]*Nothing was connected/);
      expect(answer.body).not.toContain('cnry_away');
      expect((await flow.browser.press(flow.page, 'accept')).status).toBe(303);
    });
  });
});
