import { jest } from '@jest/globals';
import type { ClientView, ConnectionView, PersonView } from '@strongroom/contracts';
import { openBox } from '@strongroom/crypto';
import { recordFigure } from '@strongroom/testing';
import { Browser, Flow } from '../../test/browser.js';
import type { HttpAnswer } from '../../test/connect-bench.js';
import { madeUpProviders } from '../../test/made-up-providers.js';
import { suiteBench } from '../../test/suite-bench.js';
import { ProviderCallback } from './provider-callback.js';

const LIBRARY = 'https://library.example.net';

type Receive = ProviderCallback['receive'];
const receive = Object.getOwnPropertyDescriptor(ProviderCallback.prototype, 'receive')!.value as Receive;

/** Figure 28. `honest` is a provider whose code shall not reach the token endpoint of `evil`, nor be taken as evil's. */
describe('a callback that is not of the flow it is brought to', () => {
  const bench = suiteBench({ catalogue: madeUpProviders() });
  let alice: PersonView;
  let client: ClientView;
  let honest: ConnectionView;
  let evil: ConnectionView;
  let browser: Browser;

  const setUp = () => {
    bench.vault.forget();
    alice = bench.person('Alice');
    client = bench.client();
    const connectionTo = (strategy: string) => bench.connection(client, { strategy, options: { client_id: 'our-id' } });
    honest = connectionTo('city-library');
    evil = connectionTo('old-mill');
    browser = new Browser(bench, alice);
  };
  const atProvider = async (connection: ConnectionView, of = browser): Promise<Flow> => {
    const flow = new Flow(bench, client, connection, alice, of, undefined, bench.token(alice, client));
    return (await (await flow.begin()).open()).accept();
  };
  const pathOf = ({ name }: ConnectionView) => `/connect/callback/${name}`;
  const HONEST_CODE = 'cnry_code_of_the_honest_provider';
  /** What the honest provider sends back, to whatever path and with whatever state it was led to. */
  const brought = (path: string, members: [string, string][], by = browser) =>
    by.get(`${path}?${new URLSearchParams([['code', HONEST_CODE], ...members]).toString()}`);

  /** The flow that the code is brought to, and the answer to it. */
  type Attempt = { flow: Flow; answer: HttpAnswer };
  const variants: Record<string, () => Promise<Attempt>> = {
    'evil sends the browser on, and the code comes to the honest path with evil’s state': async () => {
      const flow = await atProvider(evil);
      return {
        flow,
        answer: await brought(pathOf(honest), [
          ['state', flow.state],
          ['iss', LIBRARY],
        ]),
      };
    },
    'evil knows its issuer, and the code comes to its path with the honest one': async () => {
      evil = bench.connection(client, { strategy: 'notice-board', options: { client_id: 'our-id' } });
      const flow = await atProvider(evil);
      return {
        flow,
        answer: await brought(pathOf(evil), [
          ['state', flow.state],
          ['iss', LIBRARY],
        ]),
      };
    },
    'the issuer is missing though it is required': async () => {
      const flow = await atProvider(honest);
      return { flow, answer: await brought(pathOf(honest), [['state', flow.state]]) };
    },
    'the issuer is another one': async () => {
      const flow = await atProvider(honest);
      return {
        flow,
        answer: await brought(pathOf(honest), [
          ['state', flow.state],
          ['iss', 'https://mill.example.net'],
        ]),
      };
    },
    'the issuer comes twice, once right': async () => {
      const flow = await atProvider(honest);
      const issuers: [string, string][] = [
        ['iss', LIBRARY],
        ['iss', 'https://mill.example.net'],
      ];
      return { flow, answer: await brought(pathOf(honest), [['state', flow.state], ...issuers]) };
    },
    'the connection in the path is swapped for evil’s': async () => {
      const flow = await atProvider(honest);
      return {
        flow,
        answer: await brought(pathOf(evil), [
          ['state', flow.state],
          ['iss', LIBRARY],
        ]),
      };
    },
    'two flows of one browser, and their states are swapped': async () => {
      const own = await atProvider(honest);
      const flow = await atProvider(evil);
      const answer = await brought(pathOf(honest), [
        ['state', flow.state],
        ['iss', LIBRARY],
      ]);
      await brought(pathOf(evil), [
        ['state', own.state],
        ['iss', LIBRARY],
      ]);
      return { flow, answer };
    },
    'a state that was used already': async () => {
      const flow = await (await atProvider(evil)).comeBack();
      if ((await flow.complete()).status !== 201) throw new Error('the first answer must count');
      bench.vault.forget();
      return { flow, answer: await brought(pathOf(evil), [['state', flow.state]]) };
    },
    'the state is dropped, altered, doubled': async () => {
      const flow = await atProvider(honest);
      await brought(pathOf(honest), [['iss', LIBRARY]]);
      await brought(pathOf(honest), [
        ['iss', LIBRARY],
        ['state', `${flow.state}x`],
      ]);
      const twice: [string, string][] = [
        ['state', flow.state],
        ['state', flow.state],
      ];
      return { flow, answer: await brought(pathOf(honest), [['iss', LIBRARY], ...twice]) };
    },
    'the state of a flow in another browser': async () => {
      const flow = await atProvider(honest, new Browser(bench, alice));
      const other = await atProvider(honest);
      const answer = await brought(
        pathOf(honest),
        [
          ['state', flow.state],
          ['iss', LIBRARY],
        ],
        other.browser,
      );
      return { flow, answer };
    },
  };

  /** What came to the vault, which would have sent it to a token endpoint; and whether it was led on to the app. */
  const outcome = async (run: () => Promise<Attempt>) => {
    setUp();
    const { flow, answer } = await run();
    const connectCode = URL.canParse(answer.location) && new URL(answer.location).searchParams.get('connect_code');
    await flow.complete({ connect_code: connectCode || 'guess' });
    const codes = await Promise.all(
      bench.vault.sent.map(({ connectionId, sessionId: ownerId, codeBox }) =>
        openBox(
          bench.vault.key,
          bench.vault.installationId,
          { purpose: 'provider-code', connectionId, ownerId, field: 'code' },
          codeBox,
        ),
      ),
    );
    return { leaked: codes.filter((code) => code === HONEST_CODE).length, sent: codes.length, left: answer.location };
  };

  let leaked = 0;
  let refused = 0;
  let broken = 0;
  afterEach(() => jest.restoreAllMocks());
  afterAll(() =>
    recordFigure({
      id: '28',
      title: 'a provider’s answer brought to a flow it is not of: mix-up, swapped, missing and doubled members',
      required: '0 of 10 variants leak a code',
      measured: `${leaked} codes in 10 variants, ${refused} refused on a page`,
      holds: leaked === 0 && refused === Object.keys(variants).length && refused === 10 && broken > 0,
      control: `with the flow’s connection and issuer taken from the URL ${broken} of 10 leak`,
    }),
  );

  it.each(Object.keys(variants))('C2 C3 C4 CN-08 CN-10 28 leaks nothing: %s', async (name) => {
    const { leaked: codes, sent, left } = await outcome(variants[name]!);
    leaked += codes;
    if (left === '' && sent === 0) refused++;
    expect({ codes, sent, left }).toEqual({ codes: 0, sent: 0, left: '' });
  });

  it('C4 control: a callback that believes the URL leaks', async () => {
    jest.spyOn(ProviderCallback.prototype, 'receive').mockImplementation(async function (
      this: ProviderCallback,
      _,
      { state, code },
      cookies,
    ) {
      const single = [state].flat()[0] as string;
      const [row] = await bench.database.query<{ connection_name: string; strategy: string }[]>(
        'SELECT connection_name, strategy FROM connect_sessions WHERE state_hash = sha256($1)',
        [Buffer.from(single ?? '')],
      );
      const iss = { 'city-library': LIBRARY, 'notice-board': 'https://board.example.net' }[row?.strategy ?? ''];
      const said = { state: single, code, ...(iss ? { iss } : {}) };
      return receive.call(this, row?.connection_name ?? '', said, cookies);
    });
    for (const run of Object.values(variants)) if ((await outcome(run)).leaked > 0) broken++;
    expect(broken).toBeGreaterThan(5);
  });
});
