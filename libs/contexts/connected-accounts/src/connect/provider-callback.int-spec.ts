import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { Flow } from '../../test/browser.js';
import type { HttpAnswer } from '../../test/connect-bench.js';
import { madeUpProviders } from '../../test/made-up-providers.js';
import { suiteBench } from '../../test/suite-bench.js';

describe('what the provider sends back', () => {
  const bench = suiteBench({ catalogue: madeUpProviders() });
  let alice: PersonView;
  let client: ClientView;

  beforeEach(() => {
    alice = bench.person('Alice');
    client = bench.client();
  });

  type Connection = ConnectionView & { clients: Set<string> };
  const connectionTo = (strategy: string): Connection =>
    bench.connection(client, { strategy, options: { client_id: 'our-id' } });
  /** A flow of which the person is at the provider. */
  const atProvider = async (connection: Connection, more: Record<string, unknown> = {}): Promise<Flow> => {
    const flow = await new Flow(bench, client, connection, alice).begin(more);
    return (await flow.open()).accept();
  };
  const answered = (flow: Flow, members: Record<string, string>, path = pathOf(flow.connection)) =>
    flow.browser.get(`${path}?${new URLSearchParams({ ...members, state: flow.state }).toString()}`);
  const pathOf = ({ name }: ConnectionView) => `/connect/callback/${name}`;
  /** The page that refuses, and no way on: neither now nor by `complete` does the vault hear of it. */
  const expectRefused = async (flow: Flow, answer: HttpAnswer, reason: string): Promise<void> => {
    expect([answer.status, answer.location]).toEqual([400, '']);
    expect(answer.body).toMatch(/was not accepted/);
    expect([await flow.dbState(), await flow.failures()]).toEqual(['failed', [reason]]);
    expect(await bench.session(flow.sessionId)).toMatchObject({ code_box: null, query_box: null, params: {} });
    expect((await flow.complete({ connect_code: 'guess' })).status).toBe(404);
    expect(bench.vault.sent).toEqual([]);
  };

  it.each([
    ['city-library', 'require', undefined, 'issuer_mismatch'],
    ['city-library', 'require', 'https://evil.example', 'issuer_mismatch'],
    ['city-library', 'require', 'https://library.example.net/', 'issuer_mismatch'],
    ['city-library', 'require', 'https://library.example.net', null],
    ['notice-board', 'if-present', undefined, null],
    ['notice-board', 'if-present', 'https://board.example.net', null],
    ['notice-board', 'if-present', 'https://evil.example', 'issuer_mismatch'],
    ['old-mill', 'ignore', 'https://evil.example', null],
  ])('CN-10 CN-11 C3 a callback to %s, which says %s, with the issuer %s: %s', async (strategy, _, iss, reason) => {
    const flow = await atProvider(connectionTo(strategy));
    const answer = await answered(flow, { code: flow.code, ...(iss === undefined ? {} : { iss }) });
    if (reason) await expectRefused(flow, answer, reason);
    else expect(new URL(answer.location).searchParams.get('connect_code')).toMatch(/^[\w-]{43}$/);
  });

  it('takes the browser back to an address with letters that no header can hold', async () => {
    const address = 'https://app.example.com/zpět/ü?x=ō';
    const far = bench.client({ callbacks: [address] });
    const flow = new Flow(bench, far, bench.connection(far), alice, undefined, address);
    await flow.untilCode();
    expect(flow.cameTo).toMatch(/^https:\/\/app\.example\.com\/zp%C4%9Bt\/%C3%BC\?x=%C5%8D&connect_code=/);
    expect((await flow.complete()).status).toBe(201);
  });

  it('CN-11 looks at the issuer before an error is believed', async () => {
    const flow = await atProvider(connectionTo('city-library'));
    await expectRefused(flow, await answered(flow, { error: 'access_denied' }), 'issuer_mismatch');
  });

  it('CN-09 CN-10 C3 a callback at the address of another connection ends the flow', async () => {
    const evil = connectionTo('old-mill');
    const honest = connectionTo('notice-board');
    const flow = await atProvider(evil);
    await expectRefused(flow, await answered(flow, { code: flow.code }, pathOf(honest)), 'state_mismatch');
  });

  it('CN-08 refuses any parameter that comes twice', async () => {
    const flow = await atProvider(connectionTo('notice-board'));
    const path = `${pathOf(flow.connection)}?code=${flow.code}&state=${flow.state}`;
    await expectRefused(flow, await flow.browser.get(`${path}&iss=a&iss=a`), 'state_mismatch');
  });

  it('waits for the callback to say where the token endpoint is, and goes nowhere without it', async () => {
    const depot = connectionTo('depot');
    for (const region of [undefined, '', 'evil.example/', 'eux']) {
      const flow = await atProvider(depot);
      const answer = await answered(flow, { code: flow.code, ...(region === undefined ? {} : { region }) });
      await expectRefused(flow, answer, 'provider_error');
    }
    const flow = await atProvider(depot);
    const answer = await answered(flow, { code: flow.code, region: 'eu' });
    flow.connectCode = new URL(answer.location).searchParams.get('connect_code')!;
    expect((await flow.complete()).status).toBe(201);
    expect(bench.vault.sent.map(({ params }) => params)).toEqual([{ region: 'eu' }]);
  });

  it('reads the code where the entry has it, and nowhere else', async () => {
    const stall = connectionTo('market-stall');
    const begun = { authorization_params: { shop: 'tea' } };
    const flow = await atProvider(stall, begun);
    await expectRefused(flow, await answered(flow, { code: flow.code }), 'provider_error');
    const right = await atProvider(stall, begun);
    expect((await answered(right, { grant: right.code })).status).toBe(303);
  });

  it('seals all of a signed query for the vault, and of no other', async () => {
    const flow = await atProvider(connectionTo('market-stall'), { authorization_params: { shop: 'tea' } });
    const answer = await answered(flow, { grant: flow.code, stall: '17', note: 'ü&=+', sig: 'cnry_signature' });
    flow.connectCode = new URL(answer.location).searchParams.get('connect_code')!;
    expect(JSON.stringify(await bench.session(flow.sessionId))).not.toContain('cnry_');
    await flow.complete();
    const query = await bench.vault.unsealed(bench.vault.sent[0]!, 'query');
    expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
      grant: flow.code,
      stall: '17',
      note: 'ü&=+',
      sig: 'cnry_signature',
      state: flow.state,
    });
    expect((await bench.session(flow.sessionId))['query_box']).toBeNull();
    const unsigned = await atProvider(connectionTo('notice-board'));
    const back = await answered(unsigned, { code: unsigned.code });
    unsigned.connectCode = new URL(back.location).searchParams.get('connect_code')!;
    await unsigned.complete();
    expect(bench.vault.sent[1]!.queryBox).toBeNull();
  });

  it('CN-15 erases the signed query when the session ends unused', async () => {
    const flow = await atProvider(connectionTo('market-stall'), { authorization_params: { shop: 'tea' } });
    await answered(flow, { grant: flow.code, sig: 'x' });
    expect((await bench.session(flow.sessionId))['query_box']).toEqual(expect.any(String));
    await bench.database.query('UPDATE connect_sessions SET expires_at = clock_timestamp() WHERE id = $1', [
      flow.sessionId,
    ]);
    await bench.sweep();
    expect(await bench.session(flow.sessionId)).toMatchObject({ query_box: null, code_box: null, params: {} });
  });

  it.each([
    ['market-stall', { authorization_params: { shop: 'tea' } }, 'grant', 25],
    ['notice-board', {}, 'code', 60],
  ])('CN-15 a connect_code never outlives the code of %s', async (strategy, more, codeParam, seconds) => {
    const flow = await atProvider(connectionTo(strategy), more);
    await answered(flow, { [codeParam]: flow.code });
    const [row] = await bench.database.query<{ left: number }[]>(
      `SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 AS left FROM connect_sessions WHERE id = $1`,
      [flow.sessionId],
    );
    expect(row!.left).toBeGreaterThan(seconds - 20);
    expect(row!.left).toBeLessThanOrEqual(seconds);
  });

  it.each([
    ['policy_enforced', '', 'server_error', /administrator/, 'provider_error'],
    ['cancelled_on_login', '', 'access_denied', /did not agree/, 'denied'],
    ['access_denied', '', 'access_denied', /did not agree/, 'denied'],
    ['access_denied', 'ask the board of directors', 'access_denied', /administrator/, 'provider_error'],
    ['invalid_scope', '', 'invalid_scope', /scopes/, 'provider_error'],
    ['cnry_x', 'cnry_y', 'server_error', /refused/, 'provider_error'],
  ])('CN-16 tells the app what the entry makes of %s %s', async (error, error_description, told, words, reason) => {
    const flow = await atProvider(connectionTo('city-library'));
    const answer = await answered(flow, { error, error_description, iss: 'https://library.example.net' });
    const query = new URL(answer.location).searchParams;
    expect([query.get('error'), query.get('state')]).toEqual([told, 'st==']);
    expect(query.get('error_description')).toMatch(words);
    expect(answer.location).not.toContain('cnry');
    expect(await flow.failures()).toEqual([reason]);
    expect(await flow.dbState()).toBe(reason === 'denied' ? 'denied' : 'failed');
    expect(bench.vault.sent).toEqual([]);
  });
});
