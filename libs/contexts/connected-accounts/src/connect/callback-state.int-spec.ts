import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { Browser, Flow } from '../../test/browser.js';
import { expectNothingOf, expectPage } from '../../test/refused-pages.js';
import { suiteBench } from '../../test/suite-bench.js';

const REFUSED = /was not accepted/;

describe('which flow a callback belongs to', () => {
  const bench = suiteBench();
  let alice: PersonView;
  let bob: PersonView;
  let client: ClientView;
  let connection: ConnectionView & { clients: Set<string> };
  let flow: Flow;

  beforeEach(() => {
    alice = bench.person('Alice');
    bob = bench.person('Bob');
    client = bench.client();
    connection = bench.connection(client);
    flow = new Flow(bench, client, connection, alice);
  });

  const expectNothing = () => expectNothingOf(bench, [alice, bob]);

  it('CN-03 leaves Alice’s flow alone when her callback is opened elsewhere', async () => {
    await (await (await flow.begin()).open()).accept();
    expectPage(await new Browser(bench, bob).get(flow.callbackUrl), REFUSED);
    const elsewhere = flow.callbackUrl.replace(connection.name, 'other');
    expectPage(await new Browser(bench, bob).get(elsewhere), REFUSED);
    expect(await flow.failures()).toEqual(['state_mismatch']);
    await flow.comeBack();
    expect((await flow.complete()).status).toBe(201);
    expect(await Promise.all(bench.vault.sent.map((sent) => bench.vault.unsealed(sent, 'code')))).toEqual([flow.code]);
  });

  it('CN-08 refuses a state that is dropped, altered, doubled or reused', async () => {
    await (await (await flow.begin()).open()).accept();
    const path = flow.callbackUrl.split('?')[0]!;
    for (const state of ['', '&state=unknown', `&state=${flow.state}x`])
      expectPage(await flow.browser.get(`${path}?code=x${state}`), REFUSED);
    expectPage(await flow.browser.get(`${flow.callbackUrl}&state=${flow.state}`), REFUSED);
    expect(await flow.dbState()).toBe('at_provider');
    await flow.comeBack();
    expectPage(await flow.browser.get(flow.callbackUrl), REFUSED);
    await expectNothing();
  });

  it('CN-08 lets the first answer stand, whatever comes with its state afterwards', async () => {
    await (await (await flow.begin()).open()).accept();
    const cookies = [...flow.browser.cookies];
    await flow.comeBack();
    for (const [name, value] of cookies) flow.browser.cookies.set(name, value);
    const path = flow.callbackUrl.split('?')[0]!;
    expectPage(await flow.browser.get(`${path}?error=access_denied&state=${flow.state}`), REFUSED);
    expectPage(await flow.browser.get(`${path}?code=cnry_other&state=${flow.state}`), REFUSED);
    expect((await flow.complete()).status).toBe(201);
    expect(await Promise.all(bench.vault.sent.map((sent) => bench.vault.unsealed(sent, 'code')))).toEqual([flow.code]);
  });

  it('CN-08 ends the flow when another parameter is doubled', async () => {
    await (await (await flow.begin()).open()).accept();
    expectPage(await flow.browser.get(`${flow.callbackUrl}&code=other`), REFUSED);
    expect(await flow.dbState()).toBe('failed');
    expect(await flow.failures()).toEqual(['state_mismatch']);
    await expectNothing();
  });

  it('CN-08 refuses the state of another browser’s flow', async () => {
    await (await (await flow.begin()).open()).accept();
    const bobs = new Flow(bench, client, connection, bob);
    await (await (await bobs.begin()).open()).accept();
    expectPage(await bobs.browser.get(flow.callbackUrl), REFUSED);
    expect(await flow.dbState()).toBe('at_provider');
    expect(await bobs.dbState()).toBe('at_provider');
    await expectNothing();
  });

  it('CN-09 CN-10 refuses a callback under the name of another connection', async () => {
    await (await (await flow.begin()).open()).accept();
    const honest = bench.connection(client);
    expectPage(await flow.browser.get(flow.callbackUrl.replace(connection.name, honest.name)), REFUSED);
    expect(await flow.dbState()).toBe('failed');
    expectPage(await flow.browser.get(flow.callbackUrl), REFUSED);
    await expectNothing();
  });

  it.each([
    ['missing', '', 'failed'],
    ['wrong', '&iss=https%3A%2F%2Fevil.example', 'failed'],
    ['right', '&iss=https%3A%2F%2Fprovider.example.net', 'code_held'],
  ])('CN-10 CN-11 looks at the issuer where metadata promises it: %s', async (_, iss, state) => {
    const promised = bench.connection(client, {
      strategy: 'oidc',
      options: { client_id: 'our-id', scope: 'openid' },
      metadata: {
        issuer: 'https://provider.example.net',
        authorization_endpoint: 'https://provider.example.net/authorize',
        token_endpoint: 'https://provider.example.net/token',
        jwks_uri: 'https://provider.example.net/jwks',
        authorization_response_iss_parameter_supported: true,
      },
    });
    const other = new Flow(bench, client, promised, alice);
    await (await (await other.begin()).open()).accept();
    const answer = await other.browser.get(other.callbackUrl + iss);
    expect(await other.dbState()).toBe(state);
    if (state === 'code_held') return;
    expectPage(answer, REFUSED);
    expect(await other.failures()).toEqual(['issuer_mismatch']);
    await expectNothing();
  });

  it('refuses a code of more than 4096 characters', async () => {
    await (await (await flow.begin()).open()).accept();
    expectPage(await flow.browser.get(flow.callbackUrl.replace(flow.code, 'x'.repeat(4097))), REFUSED);
    expect(await flow.dbState()).toBe('failed');
  });

  it('CN-13 lets one of two accepts and one of two callbacks pass', async () => {
    await (await flow.begin()).open();
    const accepts = await Promise.all([1, 2].map(() => flow.browser.press(flow.page, 'accept')));
    expect(accepts.map(({ status }) => status).sort()).toEqual([303, 400]);
    flow.atProvider = new URL(accepts.find(({ status }) => status === 303)!.location);
    const url = `${flow.atProvider.searchParams.get('redirect_uri')}?code=${flow.code}&state=${flow.state}`;
    const callbacks = await Promise.all([1, 2].map(() => flow.browser.get(url)));
    expect(callbacks.map(({ status }) => status).sort()).toEqual([303, 400]);
    const back = callbacks.find(({ status }) => status === 303)!;
    flow.connectCode = new URL(back.location).searchParams.get('connect_code')!;
    expect((await flow.complete()).status).toBe(201);
  });

  it('CN-18 shows a page when the callbacks of the client were emptied meanwhile', async () => {
    await (await (await flow.begin()).open()).accept();
    const denied = new Flow(bench, client, connection, alice);
    await (await denied.begin()).open();
    client.callbacks.length = 0;
    const page = await flow.browser.get(flow.callbackUrl);
    expectPage(page, /not possible any more/);
    expect(await flow.dbState()).toBe('failed');
    expect(await flow.failures()).toEqual(['provider_error']);
    expectPage(await denied.browser.press(denied.page, 'deny'), /not possible any more/);
    await expectNothing();
  });
});
