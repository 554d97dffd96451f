import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { Flow } from '../../test/browser.js';
import { APP, type HttpAnswer } from '../../test/connect-bench.js';
import { madeUpProviders } from '../../test/made-up-providers.js';
import { suiteBench } from '../../test/suite-bench.js';

const CONNECT = '/me/v1/connected-accounts/connect';

describe('parameters of a connect request', () => {
  const bench = suiteBench({ catalogue: madeUpProviders() });
  let alice: PersonView;
  let client: ClientView;
  let stall: ConnectionView & { clients: Set<string> };

  beforeEach(() => {
    alice = bench.person('Alice');
    client = bench.client();
    stall = bench.connection(client, {
      strategy: 'market-stall',
      displayName: 'Stalls',
      options: { client_id: 'our-id', scope: 'orders.read' },
    });
  });

  const connect = (authorization_params: unknown, more: Record<string, unknown> = {}): Promise<HttpAnswer> =>
    bench.call('POST', CONNECT, bench.token(alice, client), {
      connection: stall.name,
      redirect_uri: APP,
      authorization_params,
      ...more,
    });
  const problems = (answer: HttpAnswer): { field: string; detail: string }[] => {
    expect(answer.status).toBe(400);
    expect(answer.json()['type']).toMatch(/A0E-400-0003$/);
    return answer.json()['validation_errors'] as { field: string; detail: string }[];
  };
  const callbackOf = (flow: Flow, more: Record<string, string> = {}) => {
    const query = new URLSearchParams({ grant: flow.code, state: flow.state, ...more });
    return `${flow.atProvider.searchParams.get('redirect_uri')}?${query.toString()}`;
  };
  /** As far as a `connect_code`, at this shop. */
  const untilCode = async (flow: Flow, more: Record<string, unknown>): Promise<Flow> => {
    await (await (await flow.begin(more)).open()).accept();
    flow.callbackUrl = callbackOf(flow);
    return flow.comeBack();
  };

  it('takes the person’s shop to the provider’s addresses and to the vault', async () => {
    const flow = new Flow(bench, client, stall, alice);
    await untilCode(flow, { authorization_params: { shop: 'tea-house', staff: 'no', login_hint: 'alice' } });
    expect(flow.atProvider.origin).toBe('https://tea-house.stall.example.net');
    expect(flow.atProvider.searchParams.get('staff')).toBe('no');
    expect(flow.atProvider.searchParams.get('login_hint')).toBe('alice');
    expect(flow.atProvider.searchParams.has('shop')).toBe(false);
    expect((await flow.complete()).status).toBe(201);
    expect(bench.vault.sent.map(({ params }) => params)).toEqual([{ shop: 'tea-house' }]);
    expect((await bench.session(flow.sessionId))['params']).toEqual({});
  });

  it('names the member that is missing, with the form it must have', async () => {
    for (const given of [undefined, {}, { shop: '' }]) {
      const [problem, ...more] = problems(await connect(given));
      expect(problem).toMatchObject({
        field: 'authorization_params.shop',
        detail: expect.stringContaining('required') as string,
      });
      expect(problem!.detail).toContain('^[a-z0-9-]{1,40}$');
      expect(more).toEqual([]);
    }
  });

  it.each(['tea.house', 'evil.example/', 'x@evil.example', 'tea house', 'TEA', 'x\n', 'x'.repeat(41)])(
    'refuses the shop %j, which could lead elsewhere',
    async (shop) => {
      const [problem] = problems(await connect({ shop }));
      expect(problem!.field).toBe('authorization_params.shop');
      expect(problem!.detail).not.toContain('evil');
    },
  );

  it('refuses any other name, with the list of those it takes', async () => {
    const [problem] = problems(await connect({ shop: 'tea-house', store: 'x' }));
    expect(problem!.field).toBe('authorization_params.store');
    for (const name of ['shop', 'staff', 'login_hint', 'prompt', 'max_age']) expect(problem!.detail).toContain(name);
  });

  it.each([
    ['state', 'x'],
    ['client_id', 'x'],
    ['redirect_uri', 'https://evil.example'],
    ['scope', 'orders.write'],
    ['zone', 'eu'],
    ['client_secret', 'x'],
  ])('never takes %s', async (name, value) => {
    expect(problems(await connect({ shop: 'tea-house', [name]: value }))[0]!.field).toBe(
      `authorization_params.${name}`,
    );
  });

  it.each(['__proto__', 'constructor', 'prototype'])('never takes %s', async (name) => {
    const body = `{"connection":"${stall.name}","redirect_uri":"${APP}","authorization_params":{"shop":"tea","${name}":"x"}}`;
    const headers = { authorization: bench.token(alice, client), 'content-type': 'application/json' };
    expect((await bench.send('POST', CONNECT, { headers, body })).status).toBe(400);
  });

  it('takes values of at most 255 characters, as text', async () => {
    expect((await connect({ shop: 'tea', staff: 'x'.repeat(255) })).status).toBe(201);
    expect(problems(await connect({ shop: 'tea', staff: 'x'.repeat(256) }))[0]!.field).toBe(
      'authorization_params.staff',
    );
    expect(problems(await connect({ shop: 'tea', staff: ['x'] }))[0]!.field).toBe('authorization_params.staff');
  });

  it('does not overrule the shop that an administrator has set', async () => {
    stall.options = { ...stall.options, shop: 'tea-house' };
    expect(problems(await connect({ shop: 'other' }))[0]!.field).toBe('authorization_params.shop');
    expect((await connect({ shop: 'tea-house' })).status).toBe(201);
    expect((await connect({})).status).toBe(201);
  });

  it('knows the shop of an account that is connected again, and believes the request more', async () => {
    const flow = await untilCode(new Flow(bench, client, stall, alice), {
      authorization_params: { shop: 'tea-house' },
    });
    const { id } = (await flow.complete()).json() as { id: string };
    const pinned = { connected_account_id: id };
    await untilCode(new Flow(bench, client, stall, alice), pinned).then((again) => again.complete());
    expect(bench.vault.sent.at(-1)!.params).toEqual({ shop: 'tea-house' });
    const other = new Flow(bench, client, stall, alice);
    await (await (await other.begin({ ...pinned, authorization_params: { shop: 'coffee' } })).open()).accept();
    expect(other.atProvider.host).toBe('coffee.stall.example.net');
    expect(problems(await connect({}))[0]!.field).toBe('authorization_params.shop');
  });

  it('CN-41 forgets the shop of an account that is disconnected', async () => {
    const flow = await untilCode(new Flow(bench, client, stall, alice), {
      authorization_params: { shop: 'tea-house' },
    });
    const { id } = (await flow.complete()).json() as { id: string };
    const params = () => bench.database.query('SELECT params FROM connected_accounts WHERE id = $1', [id]);
    expect(await params()).toEqual([{ params: { shop: 'tea-house' } }]);
    await bench.call('DELETE', `/me/v1/connected-accounts/accounts/${id}`, bench.token(alice, client));
    expect(await params()).toEqual([{ params: {} }]);
  });

  it('keeps what the callback tells of the provider’s addresses, and refuses what could lead elsewhere', async () => {
    const flow = new Flow(bench, client, stall, alice);
    await (await (await flow.begin({ authorization_params: { shop: 'tea-house' } })).open()).accept();
    flow.callbackUrl = callbackOf(flow, { zone: 'eu', stall: '17', other: 'x' });
    await flow.comeBack();
    expect((await flow.complete()).status).toBe(201);
    expect(bench.vault.sent.map(({ params, captured }) => ({ params, captured }))).toEqual([
      { params: { shop: 'tea-house', zone: 'eu' }, captured: { stall: '17', zone: 'eu' } },
    ]);
    const bad = new Flow(bench, client, stall, alice);
    await (await (await bad.begin({ authorization_params: { shop: 'tea-house' } })).open()).accept();
    expect((await bad.browser.get(callbackOf(bad, { zone: 'evil.example' }))).status).toBe(400);
    expect([await bad.dbState(), await bad.failures()]).toEqual(['failed', ['provider_error']]);
  });

  it('takes params that the connection itself declares', async () => {
    const custom = bench.connection(client, {
      options: {
        client_id: 'our-id',
        tokenURL: 'https://{desk}.example.net/token',
        authorizationURL: 'https://{desk}.example.net/authorize',
        provider_settings: {
          params: { desk: { pattern: '^[a-z]+$', required: true, source: 'user' } },
          endpoints: {
            authorization: 'https://{desk}.example.net/authorize',
            token: 'https://{desk}.example.net/token',
          },
          authorization: { passthrough: ['locale'] },
        },
      },
    });
    expect(problems(await connect({}, { connection: custom.name }))[0]!.field).toBe('authorization_params.desk');
    const flow = new Flow(bench, client, custom, alice);
    await (await (await flow.begin({ authorization_params: { desk: 'north', locale: 'de' } })).open()).accept();
    expect(flow.atProvider.href).toMatch(/^https:\/\/north\.example\.net\/authorize\?.*locale=de/);
  });
});
